import { objectsIn } from './listing.ts'
import { OWNER } from './names.ts'
import { type Command, commented } from './nft.ts'

/** nft takes no longer comment, and none with a quotation mark. */
const SAYABLE = /^[^"]{1,128}$/

/** Has the table say whose it is: the run directory of a controller. One that cannot be said is not. */
export const owned = (owner: string): readonly Command[] => commented(OWNER, SAYABLE.test(owner) ? [owner] : [])

/** Whose the table is, as it was listed; '' where it does not say. */
export const ownerIn = (listing: string | null): string => objectsIn(listing).find(({ rule }) => rule?.chain === OWNER)?.rule.comment ?? ''

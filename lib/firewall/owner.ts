import { OWNER } from './names.ts'
import { type Command, commented } from './nft.ts'

/** nft takes no longer comment, and none with a quotation mark. */
const SAYABLE = /^[^"]{1,128}$/

/** Has the table say whose it is: the run directory of a controller. One that cannot be said is not. */
export const owned = (owner: string): readonly Command[] => commented(OWNER, SAYABLE.test(owner) ? [owner] : [])

/** Whose the table is, as it was listed; '' where it does not say. */
export function ownerIn(listing: string | null): string {
  const { nftables } = JSON.parse(listing ?? '{"nftables":[]}') as { readonly nftables: readonly { readonly rule?: Listed }[] }
  return nftables.find(({ rule }) => rule?.chain === OWNER)?.rule?.comment ?? ''
}

interface Listed {
  readonly chain: string
  readonly comment?: string
}

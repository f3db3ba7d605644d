type Json = any

/** What a table has, object by object, as `nft -j list table` says it: { rule: … }, { set: … }; none where there is no table. */
export const objectsIn = (listing: string | null): readonly Json[] => (listing === null ? [] : JSON.parse(listing).nftables)

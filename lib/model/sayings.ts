import type { Words } from './words.ts'

/** How each option is said, in the order in which they are printed; the compiler misses none. */
export type Sayings<Options> = { readonly [Name in keyof Options]-?: (value: NonNullable<Options[Name]>) => Words }

export function say<Options>(sayings: Sayings<Options>, options: Options | undefined): Words {
  const names = Object.keys(sayings) as (keyof Options)[]
  return names.flatMap((name) => {
    const given = options?.[name]
    return given === undefined || given === null ? [] : sayings[name](given)
  })
}

/** Whether a pattern is found anywhere in a text. */
export type Matches = (text: string, pattern: string) => boolean

const SPECIAL = /[\\^$.*+?()[\]{}|]/

/**
 * Regular expressions of Go's: whoever sends one, and to whatever text, it is found in linear time. What is no pattern is found as it
 * stands.
 */
export async function patternsIn(patterns: readonly string[]): Promise<Matches> {
  const special = patterns.filter((pattern) => SPECIAL.test(pattern))
  const compiled = special.length > 0 ? await compile(special) : new Map<string, Finder>()
  return (text, pattern) => text.includes(pattern) || (compiled.get(pattern)?.(text) ?? false)
}

type Finder = (text: string) => boolean

/** Loaded when it is needed, which is seldom. */
async function compile(patterns: readonly string[]): Promise<ReadonlyMap<string, Finder>> {
  const { RE2JS } = await import('re2js')
  return new Map(
    patterns.flatMap((pattern): [string, Finder][] => {
      try {
        const finder = RE2JS.compile(pattern)
        return [[pattern, (text) => finder.matcher(text).find()]]
      } catch {
        return []
      }
    }),
  )
}

/** What was typed cannot be meant: shown with the verb's usage, and an exit code of its own. */
export class Misuse extends Error {
  override readonly name = 'Misuse'
}

/** Docker's words for a flag whose value is not one. */
export const badValue = (flag: string, value: string, reason: string): Misuse =>
  new Misuse(`invalid argument "${value}" for "${flag}" flag: ${reason}`)

/** Flags that are valid one by one and contradict one another: no usage could help. In Docker's words where it has some. */
export class Contradiction extends Error {
  override readonly name = 'Contradiction'
}

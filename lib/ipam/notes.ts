/** What is written down under a key and may outlive the process. A Map is one that does not. */
export interface Notes<T> {
  get(key: string): T | undefined
  set(key: string, value: T): unknown
  delete(key: string): unknown
  entries(): Iterable<readonly [string, T]>
}

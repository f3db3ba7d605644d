import type { Declared } from './names.ts'
import { addElements, type Command, type Element, removeElements } from './nft.ts'

/** Elements by their set or map; each once, for two ports of the host may lead to one of a sandbox. */
export class Elements {
  readonly #bySet = new Map<string, { readonly set: Declared; readonly elements: Map<string, Element> }>()

  put(set: Declared, element: Element): void {
    const found = this.#bySet.get(set.name) ?? { set, elements: new Map<string, Element>() }
    found.elements.set(JSON.stringify(element), element)
    this.#bySet.set(set.name, found)
  }

  add(): readonly Command[] {
    return [...this.#bySet.values()].map(({ set, elements }) => addElements(set, [...elements.values()]))
  }

  /** All but those of `others`. */
  remove(others: ReadonlySet<string> = new Set()): readonly Command[] {
    const sets = [...this.#bySet.values()].filter(({ set }) => !others.has(set.name))
    return sets.flatMap(({ set, elements }) => removeElements(set, [...elements.values()]))
  }
}

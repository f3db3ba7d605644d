import { afterEach, beforeEach, expect } from 'vitest'
import type { Controller } from '../../lib/index.ts'
import { isPredefined } from '../../lib/model/network.ts'
import { Lab } from './lab.ts'
import { pinned, retired, snapshot } from './snapshot.ts'

/** A host and its controller, new for each test of a file; after each test, whatever it did, the host has to be as it was. */
export class Stage {
  lab!: Lab
  cnm!: Controller
  #before: Record<string, string> = {}

  constructor() {
    beforeEach(async () => {
      this.lab = new Lab()
      this.accept()
      this.cnm = await this.lab.open()
    })
    afterEach(async () => {
      try {
        for (const { id } of this.cnm.sandboxes()) await this.cnm.removeSandbox(id)
        for (const { name, id } of this.cnm.networks()) if (!isPredefined(name)) await this.cnm.removeNetwork(id)
        this.expectUntouched()
        expect(this.pinned()).toEqual([])
        await this.cnm.close()
        expect(retired(this.lab.host)).toBe('')
      } finally {
        await this.cnm.close()
        await this.lab[Symbol.asyncDispose]()
      }
    })
  }

  /** The test itself changed the host: from now on it has to be as it is now. */
  accept(): void {
    this.#before = snapshot(this.lab.host)
  }

  expectUntouched(): void {
    expect(snapshot(this.lab.host)).toEqual(this.#before)
  }

  /** For an afterEach of tests with packet sockets: those are closed aside, and until then their link is promiscuous. */
  async silence(): Promise<void> {
    for (const { id } of this.cnm.sandboxes()) await this.cnm.removeSandbox(id)
    const ears = () => promiscuous(snapshot(this.lab.host))
    await expect.poll(ears).toEqual(promiscuous(this.#before))
  }

  /** Namespaces that the controller keeps. */
  pinned(): readonly string[] {
    return pinned(`${this.lab.run}/netns`)
  }

  async reopen(options: Parameters<Lab['open']>[0] = {}): Promise<void> {
    await this.cnm.close()
    this.cnm = await this.lab.open(options)
  }
}

const promiscuous = ({ links = '' }: Record<string, string>) => links.match(/^\d+: [^:@]+|promiscuity \d+/gm)?.join(' ') ?? ''

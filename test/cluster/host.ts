import type { Controller } from '../../lib/index.ts'
import { play } from '../cli/play.ts'
import { Lab } from '../support/lab.ts'
import { must, type Ran } from '../support/run.ts'
import { segment, Told } from './segment.mjs'

/** A host with a controller that stays open, as a daemon has it, and `cnm` that speaks to it. */
export class NodeHost extends Lab {
  readonly told = new Told()
  controller!: Controller

  /** `address`: of the underlay, by which other nodes know it. */
  constructor(readonly address: string) {
    super()
    must(['ip', 'link', 'add', 'under0', 'type', 'veth', 'peer', 'name', 'under1'], { netns: this.host })
    must(['ip', 'addr', 'add', `${address}/24`, 'dev', 'under0'], { netns: this.host })
    // Without the addresses that would come by themselves, a while later.
    for (const link of ['under0', 'under1']) must(['ip', 'link', 'set', link, 'addrgenmode', 'none', 'up'], { netns: this.host })
  }

  async begin(): Promise<Controller> {
    this.controller = await this.open({ drivers: [segment], peers: this.told })
    return this.controller
  }

  /** The controller of the next process. */
  async again(): Promise<this> {
    await this.controller.close()
    await this.begin()
    return this
  }

  cnm(line: string): Promise<Ran> {
    const { controller } = this
    const close = async () => {}
    const lent = new Proxy(controller, {
      get(target, name) {
        const value: unknown = name === 'close' ? close : Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    return play(line.split(' '), { open: async () => lent, env: this.env })
  }

  async must(line: string): Promise<string> {
    const { status, stdout, stderr } = await this.cnm(line)
    if (status !== 0) throw new Error(`cnm ${line}: exit ${status}: ${stderr}`)
    return stdout.trimEnd()
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await this.controller?.close()
    await super[Symbol.asyncDispose]()
  }
}

/** What the kernel answered. */

/** What the kernel refused, in its own words. */
export interface Refusal {
  /** Index of the refused op. */
  readonly op: number
  /** Negative, as Node has it: util.getSystemErrorName(errno) works. */
  readonly errno: number
  /** The kernel's (extended ack) or libnftables' words; '' when it had none. */
  readonly message: string
  /** 'IFLA_LINKINFO.IFLA_INFO_DATA.IFLA_VXLAN_ID'; '' when unknown. */
  readonly attribute: string
  /** 'RTM_NEWLINK', 'nft', 'sysctl', 'netns', 'announce', or 'open' when the namespace itself could not be entered; '' when cancelled. */
  readonly request: string
  /** Of an op with several commands: which one, where that is known. */
  readonly command?: number
  /** Of an op with many rows: which were refused, and why; the rest of the refusal speaks of the one that was first. */
  readonly rows?: { readonly row: Uint32Array; readonly errno: Int32Array }
  /** Of an op with many rows: how many had not been tried when cancel() came. */
  readonly untried?: number
}

export interface Outcome {
  /** Ops carried out; ops.length on success. */
  readonly done: number
  /** Per op: the link it made, else 0. */
  readonly ifindex: Int32Array
  /** Per op: the connections that a conntrack.del or delMany made the kernel forget, else 0. */
  readonly count: Uint32Array
  /** null on success. errno -ECANCELED when cancel() came first. */
  readonly refusal: Refusal | null
}

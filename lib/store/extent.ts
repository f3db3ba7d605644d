import { fstatSync, readSync } from 'node:fs'

// LMDB maps its file into memory: where the file ends too early, to read a page is the end of the process (SIGBUS). What
// follows is the layout of its pages as lmdb-js has it, on a machine with the lowest byte first.

const HEADER = 24
const META = { psize: HEADER + 24, freeRoot: HEADER + 64, mainRoot: HEADER + 112, lastPage: HEADER + 120, transaction: HEADER + 128 }
const FLAGS = 18
const LOWER = 20
const BRANCH = 1
const LEAF = 2
const BIG_DATA = 1
const NOBODY = 2n ** 64n - 1n

/**
 * Whether a file has all the pages that its records are on. Shorter than its last page it may be: pages that were taken and
 * freed by one transaction are never written.
 */
export function isWhole(fd: number): boolean {
  const { size } = fstatSync(fd)
  const first = read(fd, 0, HEADER + 136)
  const psize = first.readUInt32LE(META.psize)
  const second = read(fd, psize, HEADER + 136)
  if (second.length < HEADER + 136) return false
  const meta = first.readBigUInt64LE(META.transaction) > second.readBigUInt64LE(META.transaction) ? first : second
  if ((meta.readBigUInt64LE(META.lastPage) + 1n) * BigInt(psize) <= BigInt(size)) return true
  return [META.freeRoot, META.mainRoot].every((root) => reaches(fd, { psize, size }, meta.readBigUInt64LE(root)))
}

interface Extent {
  readonly psize: number
  readonly size: number
}

/** All pages below this one are within the file. */
function reaches(fd: number, extent: Extent, page: bigint): boolean {
  if (page === NOBODY) return true
  if (!isWithin(extent, page, 1)) return false
  const bytes = read(fd, Number(page) * extent.psize, extent.psize)
  const flags = bytes.readUInt16LE(FLAGS)
  const count = (bytes.readUInt16LE(LOWER) - HEADER) / 2
  const nodes = Array.from({ length: Math.max(0, count) }, (_, n) => bytes.readUInt16LE(HEADER + 2 * n))
  if (flags & BRANCH) return nodes.every((at) => reaches(fd, extent, BigInt(bytes.readUIntLE(at, 6))))
  return (flags & LEAF) !== 0 && nodes.every((at) => hasValue(bytes, at, extent))
}

/** A value that is too large for its page is on others, one behind the other. */
function hasValue(bytes: Buffer, at: number, extent: Extent): boolean {
  if (!(bytes.readUInt16LE(at + 4) & BIG_DATA)) return true
  const length = bytes.readUInt32LE(at)
  const page = bytes.readBigUInt64LE(at + 8 + bytes.readUInt16LE(at + 6))
  return isWithin(extent, page, Math.ceil((HEADER + length) / extent.psize))
}

const isWithin = ({ psize, size }: Extent, page: bigint, count: number): boolean => (page + BigInt(count)) * BigInt(psize) <= BigInt(size)

function read(fd: number, at: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  return bytes.subarray(0, readSync(fd, bytes, 0, length, at))
}

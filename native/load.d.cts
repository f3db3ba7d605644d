import type * as binding from '../binding.d.ts'

declare const loaded: typeof binding | { readonly error: NodeJS.ErrnoException }
export = loaded

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** What one says to another in JSON: an object. */
export type Said = { readonly [key: string]: Json }

/** A call of Docker's plugin protocol, as plain data: it prints, and nobody has to make it. */
export interface Call {
  /** The plugin's name. */
  readonly plugin: string
  /** 'NetworkDriver.Leave' */
  readonly method: string
  /** Absent: asked with nothing. */
  readonly body?: Said
}

export const printCall = ({ plugin, method, body }: Call): string =>
  `# plugin ${plugin}: ${method}${body === undefined ? '' : ` ${JSON.stringify(body)}`}`

/** What is served, until it is closed. */
export interface Daemon extends AsyncDisposable {
  /** The sockets; of TCP 'tcp://127.0.0.1:2376'. */
  readonly sockets: readonly string[]
  /** Answers what was asked, and hears nothing more. What was made stays, and goes on without us. */
  close(): Promise<void>
}

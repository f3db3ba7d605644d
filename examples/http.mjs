// The demo's web server and browser:  node http.mjs serve NAME PORT  |  node http.mjs get URL
import { createServer, get } from 'node:http'

const [role, subject, port] = process.argv.slice(2)
if (role === 'serve') {
  const server = createServer((request, response) => response.end(`hello from ${subject}, you are ${request.socket.remoteAddress}\n`))
  server.listen(Number(port), '0.0.0.0', () => console.log('ready'))
} else {
  get(subject, { timeout: 2000 }, (response) => response.pipe(process.stdout))
    .on('timeout', function () {
      this.destroy(new Error('no answer'))
    })
    .on('error', (error) => {
      console.error(`${subject}: ${error.message}`)
      process.exit(1)
    })
}

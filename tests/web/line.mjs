// A line between browser and server that can be cut: what comes meanwhile is refused, as by a reverse proxy
// whose server is away.
import net from 'node:net'

export async function line(to) {
  const { hostname, port } = new URL(to)
  const open = new Set()
  let isCut = false
  const server = net.createServer(near => {
    open.add(near)
    near.on('error', () => near.destroy())
    near.on('close', () => open.delete(near))
    if (isCut) {
      near.once('data', () => near.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'))
      return
    }
    const far = net.connect(Number(port), hostname)
    far.on('error', () => near.destroy())
    near.on('close', () => far.destroy())
    near.pipe(far).pipe(near)
  })
  await new Promise(ready => server.listen(0, '127.0.0.1', ready))
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    cut() {
      isCut = true
      for (const near of open) near.destroy()
    },
    mend() { isCut = false },
    end() {
      for (const near of open) near.destroy()
      server.close()
    },
  }
}

// What happens on the server, told to whoever listens. The browser reconnects by itself and sends the
// number of the last event, so nothing is missed.
import { useEffect, useRef, useState } from 'react'

export type EventKind = 'job' | 'view' | 'change_set' | 'request' | 'anew'
const KINDS: EventKind[] = ['job', 'view', 'change_set', 'request', 'anew']

type Listener = (kind: EventKind, data: unknown) => void
const listeners = new Set<Listener>()
const states = new Set<(connected: boolean) => void>()
let source: EventSource | undefined
let connected = true

function state(now: boolean) {
  connected = now
  states.forEach(tell => tell(now))
}

export function connect() {
  if (source) return
  let fresh = true
  source = new EventSource('./api/v1/events')
  source.onopen = () => {
    // A stream that the browser gave up has no number to go on from: whoever listens reads anew.
    if (fresh && !connected) listeners.forEach(listener => listener('anew', {}))
    fresh = false
    state(true)
  }
  source.onerror = () => {
    state(false)
    // A browser gives up after a refusal, as while the server restarts.
    if (source?.readyState === EventSource.CLOSED) {
      disconnect()
      setTimeout(connect, 2000)
    }
  }
  for (const kind of KINDS) {
    source.addEventListener(kind, event => {
      const data: unknown = JSON.parse((event as MessageEvent<string>).data)
      listeners.forEach(listener => listener(kind, data))
    })
  }
}

export function disconnect() {
  source?.close()
  source = undefined
}

/** Calls `listener` with each event while the component is shown. */
export function useEvents(listener: Listener) {
  const latest = useRef(listener)
  useEffect(() => {
    latest.current = listener
  })
  useEffect(() => {
    const one: Listener = (kind, data) => latest.current(kind, data)
    listeners.add(one)
    return () => void listeners.delete(one)
  }, [])
}

/** Whether the stream is there. */
export function useConnected(): boolean {
  const [now, setNow] = useState(connected)
  useEffect(() => {
    states.add(setNow)
    return () => void states.delete(setNow)
  }, [])
  return now
}

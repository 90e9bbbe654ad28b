/** When a device's test counts. Pure. */

import type { Device, DeviceSignal } from '@/api/types'

export interface Confirmation {
  /** What the centre saw, or null when it was only measurements. */
  type: string | null
  incident: number | null
  /** From the press (by the device's clock where credible, else from its arrival) until this page knew. */
  seconds: number
}

/** Clocks of phone and centre may differ by this much. */
const SLACK_MILLISECONDS = 2_000

/** The first thing heard since the test was started, or null while there is nothing. */
export function confirmationOf(
  signals: readonly Pick<DeviceSignal, 'at' | 'received_at' | 'type' | 'incident'>[],
  device: Pick<Device, 'last_seen_at'>,
  startedAt: number,
  now: number,
): Confirmation | null {
  const since = startedAt - SLACK_MILLISECONDS
  const fresh = signals.filter((signal) => Date.parse(signal.received_at) >= since).at(-1)
  if (fresh) {
    const received = Date.parse(fresh.received_at)
    const said = Date.parse(fresh.at)
    const began = said <= received && received - said < 60_000 ? said : received
    return { type: fresh.type, incident: fresh.incident, seconds: Math.max(0.1, (now - began) / 1_000) }
  }
  if (device.last_seen_at !== null && Date.parse(device.last_seen_at) >= startedAt) {
    return { type: null, incident: null, seconds: Math.max(0.1, (now - Date.parse(device.last_seen_at)) / 1_000) }
  }
  return null
}

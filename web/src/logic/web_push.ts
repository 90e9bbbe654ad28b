/** Pages to this browser: whether that is possible here, and the key it subscribes with. Pure. */

export type PushAbility = 'possible' | 'insecure' | 'unsupported' | 'denied'

/** Why this browser cannot be paged, or that it can. A page over plain http is named first: it is the one thing to mend. */
export function pushAbility(here: { secure: boolean; worker: boolean; push: boolean; permission: string }): PushAbility {
  if (!here.secure) return 'insecure'
  if (!here.worker || !here.push) return 'unsupported'
  return here.permission === 'denied' ? 'denied' : 'possible'
}

/** The centre's public key as the browser wants it. */
export function keyBytes(base64url: string): Uint8Array<ArrayBuffer> {
  const base64 = base64url.replaceAll('-', '+').replaceAll('_', '/')
  const text = atob(base64.padEnd(Math.ceil(base64.length / 4) * 4, '='))
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0))
}

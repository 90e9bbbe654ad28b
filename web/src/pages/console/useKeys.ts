/** Single-letter keys of the console. They rest while somebody types, and can be switched off (WCAG 2.1.4). */

import { onScopeDispose, ref } from 'vue'

const KEPT = 'yinling.single_keys'

function kept(): boolean {
  try {
    return localStorage.getItem(KEPT) !== 'off'
  } catch {
    return true
  }
}

export function useKeys(handle: (key: string) => boolean) {
  const enabled = ref(kept())

  function typing(target: EventTarget | null): boolean {
    return target instanceof HTMLElement && (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName))
  }

  function listen(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
    if (event.key !== 'Escape' && (typing(event.target) || !enabled.value)) return
    const key = event.key.length === 1 ? event.key.toUpperCase() : event.key
    if (handle(key)) event.preventDefault()
  }

  function enable(value: boolean): void {
    enabled.value = value
    try {
      localStorage.setItem(KEPT, value ? 'on' : 'off')
    } catch {
      // Forgotten at the next visit.
    }
  }

  window.addEventListener('keydown', listen)
  onScopeDispose(() => window.removeEventListener('keydown', listen))
  return { enabled, enable }
}

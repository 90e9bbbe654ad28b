/** Language and theme of this screen; kept in this browser only. */

import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'

import { LANGUAGES, setLanguage, type Language } from '@/i18n'

export type Theme = 'auto' | 'light' | 'dark'

function kept<Value extends string>(name: string, allowed: readonly Value[], fallback: Value): Value {
  try {
    const found = localStorage.getItem(name) as Value | null
    return found !== null && allowed.includes(found) ? found : fallback
  } catch {
    return fallback
  }
}

function keep(name: string, value: string): void {
  try {
    localStorage.setItem(name, value)
  } catch {
    // A browser that keeps nothing still works; it forgets at the next visit.
  }
}

export const usePreferences = defineStore('preferences', () => {
  const language = ref<Language>(kept('yinling.language', LANGUAGES, 'zh-CN'))
  const theme = ref<Theme>(kept('yinling.theme', ['auto', 'light', 'dark'], 'auto'))
  const systemDark = window.matchMedia('(prefers-color-scheme: dark)')
  const dark = ref(systemDark.matches)
  systemDark.addEventListener('change', (event) => (dark.value = event.matches))

  const shown = computed(() => (theme.value === 'auto' ? (dark.value ? 'dark' : 'light') : theme.value))

  watch(shown, (value) => (document.documentElement.dataset['theme'] = value), { immediate: true })
  watch(theme, (value) => keep('yinling.theme', value))
  watch(language, async (value) => {
    keep('yinling.language', value)
    await setLanguage(value)
  })

  /** The language somebody's message was written in, for a person who never chose one here. */
  function suggest(value: Language): void {
    if (kept('yinling.language', ['', ...LANGUAGES], '') === '') language.value = value
  }

  return { language, theme, shown, suggest }
})

/** The pages' words. One language is loaded at a time; zh-CN comes first. */

import { createI18n } from 'vue-i18n'

export const LANGUAGES = ['zh-CN', 'en'] as const
export type Language = (typeof LANGUAGES)[number]

const LOADERS: Record<Language, () => Promise<{ default: object }>> = {
  'zh-CN': () => import('./zh-CN.json'),
  en: () => import('./en.json'),
}

export const i18n = createI18n({
  legacy: false,
  locale: 'zh-CN',
  fallbackLocale: 'zh-CN',
  missingWarn: false,
  fallbackWarn: false,
  messages: {},
})

const loaded = new Set<Language>()

/** Load and switch to a language; the document says which it is, for screen readers and fonts. */
export async function setLanguage(language: Language): Promise<void> {
  if (!loaded.has(language)) {
    const words = await LOADERS[language]()
    i18n.global.setLocaleMessage(language, words.default as Parameters<typeof i18n.global.setLocaleMessage>[1])
    loaded.add(language)
  }
  i18n.global.locale.value = language
  document.documentElement.lang = language
  document.title = i18n.global.t('app.name')
}

/** Words for a code the API may extend: the code itself, legibly, when we have none. */
export function wordsFor(group: string, code: string): string {
  const key = `${group}.${code}`
  return i18n.global.te(key) ? i18n.global.t(key) : code.replaceAll('_', ' ')
}

// The pages' own rules, for what no common linter knows:
// 1. literal colours stand in src/theme/tokens.css only;
// 2. every word exists in both languages, every word asked for exists, and none is left over;
// 3. a component keeps to one idea: at most 260 lines.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const problems = []

function files(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? files(path) : [path]
  })
}

const sources = files(join(root, 'src')).filter((path) => /\.(vue|ts|css)$/.test(path) && !path.endsWith('schema.ts'))
const TOKENS = join('src', 'theme', 'tokens.css')
const COLOUR = /#[0-9a-f]{3,8}\b|\b(?:rgb|rgba|hsl|hsla|hwb|lab|lch|oklab|oklch|color)\(|(?:color|background|fill|stroke|border(?:-\w+)?)\s*:\s*(?:white|black|red|green|blue|gr[ae]y|orange|yellow)\b/gi

for (const path of sources) {
  const name = relative(root, path)
  const text = readFileSync(path, 'utf8')
  const lines = text.split('\n')
  if (path.endsWith('.vue') && lines.length > 260) problems.push(`${name}: ${lines.length} lines; split it`)
  if (name === TOKENS) continue
  const styles = path.endsWith('.vue') ? [...text.matchAll(/<style[\s\S]*?<\/style>|\sstyle="[^"]*"|\s(?:fill|stroke)="#[^"]*"/g)].map((found) => found[0]).join('\n') : path.endsWith('.css') ? text : ''
  for (const found of styles.matchAll(COLOUR)) problems.push(`${name}: literal colour ${found[0]}; use a token of ${TOKENS}`)
}

function keysOf(value, before = '') {
  return Object.entries(value).flatMap(([key, inner]) => (typeof inner === 'string' ? [`${before}${key}`] : keysOf(inner, `${before}${key}.`)))
}

const languages = ['zh-CN', 'en'].map((language) => {
  const words = JSON.parse(readFileSync(join(root, 'src', 'i18n', `${language}.json`), 'utf8'))
  return { language, keys: new Set(keysOf(words)), words }
})
for (const one of languages) {
  for (const other of languages) {
    for (const key of one.keys) if (!other.keys.has(key)) problems.push(`i18n: ${key} is in ${one.language} but not in ${other.language}`)
  }
}

const PLACEHOLDERS = /\{(\w+)\}/g
const valueOf = (words, key) => key.split('.').reduce((inner, part) => inner?.[part], words)
for (const key of languages[0].keys) {
  const [left, right] = languages.map(({ words }) => new Set([...String(valueOf(words, key)).matchAll(PLACEHOLDERS)].map((found) => found[1])))
  const onlyHere = [...left].filter((name) => !right?.has(name) && !['where', 'room'].includes(name))
  if (onlyHere.length > 0) problems.push(`i18n: ${key} uses {${onlyHere.join('}, {')}} in one language only`)
}

const all = sources.map((path) => readFileSync(path, 'utf8')).join('\n')
const used = new Set([...all.matchAll(/['"`]([a-z_]+(?:\.[\w-]+)+)['"`]/g)].map((found) => found[1]))
const groups = [...all.matchAll(/`([a-z_]+\.[\w-]*)\$\{/g)].map((found) => found[1])
const spoken = [...all.matchAll(/wordsFor\(\s*'(\w+)'/g)].map((found) => `${found[1]}.`)
for (const found of all.matchAll(/\bt\(\s*'([\w.-]+)'/g)) if (!languages[0].keys.has(found[1])) problems.push(`i18n: ${found[1]} is asked for but does not exist`)
for (const key of languages[0].keys) {
  if (!used.has(key) && !groups.some((group) => key.startsWith(group)) && !spoken.some((group) => key.startsWith(group))) problems.push(`i18n: ${key} is never used`)
}

if (problems.length > 0) {
  console.error(problems.join('\n'))
  process.exit(1)
}
console.log(`own rules: ${sources.length} files, ${languages[0].keys.size} words in ${languages.length} languages`)

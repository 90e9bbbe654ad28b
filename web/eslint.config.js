import globals from 'globals'
import vue from 'eslint-plugin-vue'
import typescript from 'typescript-eslint'

export default typescript.config(
  // Made by a tool: the built pages and the types of the API.
  { ignores: ['node_modules', '../api/static', 'dist', 'src/api/schema.ts'] },
  ...typescript.configs.strict,
  ...vue.configs['flat/recommended'],
  {
    languageOptions: { globals: { ...globals.browser, ...globals.node } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'no-console': 'error',
      eqeqeq: 'error',
      'max-lines': ['error', 260],
    },
  },
  { files: ['**/*.vue'], languageOptions: { parserOptions: { parser: typescript.parser } } },
  {
    files: ['**/*.vue'],
    rules: {
      // Layout of templates is left to the eye; what follows is about width only.
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/multiline-html-element-content-newline': 'off',
      'vue/html-self-closing': 'off',
      'vue/html-indent': 'off',
      'vue/html-closing-bracket-newline': 'off',
      'vue/first-attribute-linebreak': 'off',
      'vue/attributes-order': 'off',
      'vue/block-lang': ['error', { script: { lang: 'ts' } }],
      'vue/no-v-html': 'error',
      'vue/no-bare-strings-in-template': ['error', { allowlist: ['Esc', 'A', 'I', '←', '.', '·', '/', '(', ')', '—', '–', '+', ':', '：', '%', '↑', '→', '✓', '×', '1', '9', '？', '?', '-', '、', ','] }],
    },
  },
  { files: ['tools/**'], rules: { 'no-console': 'off' } },
)

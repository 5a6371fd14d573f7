// The words on a button that sets some fields of the recipe.

import type { Recipe } from '../recipe/recipe'
import { isRecipeField } from '../recipe/validate'
import { formatNumber } from './format'
import { say } from './messages'

/** For example "Use Batch size 12, Maximum length 256". */
export function changeLabel(change: Partial<Recipe>): string {
  const parts = Object.entries(change).map(([field, value]) => {
    const label = isRecipeField(field) ? say(`label_${field}`) : field
    return say('changeField', { label, value: typeof value === 'number' ? formatNumber(value) : String(value) })
  })
  return say('changeTo', { fields: new Intl.ListFormat().format(parts) })
}

/** As the API answers: what may be left out when asking is null in an answer, never missing. */
export type Whole<Value> = Value extends (infer Item)[] ? Whole<Item>[] : Value extends object ? { [Key in keyof Value]-?: Whole<Value[Key]> } : Value

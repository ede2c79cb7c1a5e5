import { type ReactNode, useId } from 'react';
import { lengthOf } from '../drafts/check-draft.ts';

interface FieldProps {
  readonly name: string;
  readonly label: string;
  readonly help: string;
  /** The error message of the value; null: valid. */
  readonly error: string | null;
}

interface TextFieldProps extends FieldProps {
  readonly maxLength: number;
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly rows: number;
  readonly required?: boolean;
  /** Shown beside the label. */
  readonly children?: ReactNode;
}

/** A multi-line text. A text that is too long is not cut silently: the field shows its length, and the form refuses it. */
export function TextField({
  name,
  label,
  help,
  error,
  rows,
  maxLength,
  value,
  onValue,
  required,
  children,
}: TextFieldProps) {
  const id = useId();
  const length = lengthOf(value);
  return (
    <div className="field">
      <div className="field-head">
        <label htmlFor={id}>{label}</label>
        {length > maxLength * COUNTED_FROM && (
          <span className="value">
            {length.toLocaleString('en')} of {maxLength.toLocaleString('en')}
          </span>
        )}
        {children}
      </div>
      <textarea
        id={id}
        name={name}
        rows={rows}
        // The direction of the first letter, so that Arabic or Hebrew is written from the right.
        dir="auto"
        value={value}
        required={required}
        aria-invalid={error !== null || length > maxLength}
        aria-describedby={`${id}-help`}
        onChange={({ target }) => onValue(target.value)}
      />
      <Help id={`${id}-help`} help={help} error={error} />
    </div>
  );
}

/** From this share of the maximum length on, the field shows the length. */
const COUNTED_FROM = 0.8;

interface NumberFieldProps extends FieldProps {
  readonly min: number;
  readonly max: number;
  readonly value: number;
  readonly onValue: (value: number) => void;
  readonly unit?: string;
}

/** A slider for a whole number. */
export function RangeField({
  name,
  label,
  help,
  error,
  min,
  max,
  value,
  onValue,
  unit = '',
}: NumberFieldProps) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>
        {label}{' '}
        <output htmlFor={id} className="value">
          {value}
          {unit}
        </output>
      </label>
      <input
        id={id}
        type="range"
        name={name}
        min={min}
        max={max}
        value={value}
        aria-valuetext={`${value}${unit}`}
        aria-describedby={`${id}-help`}
        onChange={({ target }) => onValue(target.valueAsNumber)}
      />
      <Help id={`${id}-help`} help={help} error={error} />
    </div>
  );
}

interface ChoiceFieldProps<Value extends string | number> extends FieldProps {
  readonly choices: readonly { readonly value: Value; readonly text: string }[];
  readonly value: Value;
  readonly onValue: (value: Value) => void;
}

/** A choice by radio buttons. */
export function ChoiceField<Value extends string | number>({
  name,
  label,
  help,
  error,
  choices,
  value,
  onValue,
}: ChoiceFieldProps<Value>) {
  const id = useId();
  return (
    <fieldset className="field" aria-describedby={`${id}-help`}>
      <legend>{label}</legend>
      <div className="choices">
        {choices.map((choice) => (
          <label key={choice.value}>
            <input
              type="radio"
              name={name}
              value={choice.value}
              checked={choice.value === value}
              onChange={() => onValue(choice.value)}
            />
            <span>{choice.text}</span>
          </label>
        ))}
      </div>
      <Help id={`${id}-help`} help={help} error={error} />
    </fieldset>
  );
}

interface HelpProps {
  readonly id: string;
  readonly help: string;
  readonly error: string | null;
}

/** The description of a field, or what is wrong with its value. */
export function Help({ id, help, error }: HelpProps) {
  return (
    <p id={id} className={error === null ? 'help' : 'field-error'}>
      {error ?? help}
    </p>
  );
}

import type { DraftSettings } from '../drafts/draft.ts';
import { RESOLUTIONS } from '../drafts/draft.ts';
import { PARAMETERS } from '../parameters.ts';
import { ChoiceField, RangeField, TextField } from './fields.tsx';
import { SeedField } from './seed-field.tsx';

const SIZES = RESOLUTIONS.map((value) => ({ value, text: value.slice(1) }));

interface MoreSettingsProps {
  readonly settings: DraftSettings;
  /** Error messages by field name. */
  readonly issues: ReadonlyMap<string, string>;
  readonly onChange: (change: Partial<DraftSettings>) => void;
}

/** The optional parameters, collapsed. The form opens them when one has an error. */
export function MoreSettings({ settings, issues, onChange }: MoreSettingsProps) {
  const { negativePrompt, resolution, videoLength, steps } = PARAMETERS;
  const errorOf = (name: string): string | null => issues.get(name) ?? null;
  return (
    <details className="more">
      <summary>More settings</summary>
      <ChoiceField
        name="resolution"
        label="Size in pixels"
        help={resolution.help}
        choices={SIZES}
        value={settings.resolution}
        onValue={(value) => onChange({ resolution: value })}
        error={errorOf('resolution')}
      />
      <RangeField
        name="videoLength"
        label="Length"
        {...videoLength}
        value={settings.videoLength}
        onValue={(value) => onChange({ videoLength: value })}
        unit=" s"
        error={errorOf('videoLength')}
      />
      <RangeField
        name="steps"
        label="Steps"
        {...steps}
        value={settings.steps}
        onValue={(value) => onChange({ steps: value })}
        error={errorOf('steps')}
      />
      <TextField
        name="negativePrompt"
        label="Negative prompt"
        {...negativePrompt}
        value={settings.negativePrompt}
        onValue={(value) => onChange({ negativePrompt: value })}
        rows={3}
        error={errorOf('negativePrompt')}
      />
      <SeedField settings={settings} error={errorOf('seed')} onChange={onChange} />
    </details>
  );
}

import { draft } from './draft.ts';
import { CheckField, ChoiceField, RangeField, SeedField, TextField } from './fields.tsx';
import { PARAMETERS } from './parameters.ts';

const RESOLUTIONS = [360, 480, 576].map((pixels) => ({ value: `R${pixels}`, text: String(pixels) }));
const NAMES = ['negativePrompt', 'resolution', 'videoLength', 'steps', 'seed', 'base64'];

/** The optional parameters, collapsed unless one of them has an error. */
export function MoreSettings({ issues }: { readonly issues: ReadonlyMap<string, string> }) {
  const { negativePrompt, resolution, videoLength, steps, seed, base64 } = PARAMETERS;
  const { input } = draft;
  const errorOf = (name: string): string | null => issues.get(name) ?? null;
  return (
    <details className="more" {...(NAMES.some((name) => issues.has(name)) ? { open: true } : {})}>
      <summary>More settings</summary>
      <ChoiceField
        name="resolution"
        label="Size in pixels"
        help={resolution.help}
        choices={RESOLUTIONS}
        defaultValue={input.resolution ?? ''}
        error={errorOf('resolution')}
      />
      <RangeField
        name="videoLength"
        label="Length"
        {...videoLength}
        defaultValue={input.videoLength ?? videoLength.defaultValue}
        unit=" s"
        error={errorOf('videoLength')}
      />
      <RangeField
        name="steps"
        label="Steps"
        {...steps}
        defaultValue={input.steps ?? steps.defaultValue}
        error={errorOf('steps')}
      />
      <TextField
        name="negativePrompt"
        label="Negative prompt"
        {...negativePrompt}
        defaultValue={input.negativePrompt ?? ''}
        rows={3}
        error={errorOf('negativePrompt')}
      />
      <SeedField
        name="seed"
        label="Seed"
        help={seed.help}
        defaultValue={input.seed ?? seed.defaultValue}
        error={errorOf('seed')}
      />
      <CheckField
        name="base64"
        label="Keep the video in the gateway"
        help={base64.help}
        defaultChecked={input.base64 === true}
        error={errorOf('base64')}
      />
    </details>
  );
}

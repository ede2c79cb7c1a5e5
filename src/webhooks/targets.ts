import type { WebhookSettings } from '../config/webhooks.ts';
import { isFinal, type Job } from '../domain/job/job.ts';
import { type Delivery, deliveryIdOf, type NewDelivery } from '../store/webhook-deliveries.ts';
import { AllowedTargets } from './allowed-targets.ts';
import { readEndpoints } from './endpoints.ts';
import { ed25519KeyOf, hmacKeyOf, publicKeyText, type SigningKeys } from './signatures.ts';

/** Where the end of a job is announced, and the keys that sign the messages. */
export class WebhookTargets {
  /** The rule for URLs; delivery checks them again, because the settings may have changed. */
  readonly allowed: AllowedTargets;
  /** The public keys of `v1a`, as `whpk_…`; the one that signs first is the first. */
  readonly publicKeys: readonly string[];
  readonly #isSetUp: boolean;
  /** Of the gateway's own secrets. */
  readonly #keys: SigningKeys;
  /** By owner: the keys of each URL. */
  readonly #endpoints = new Map<string, Map<string, SigningKeys>>();

  /** @param settings null: webhooks are not set up. @throws SettingsFileError */
  constructor(settings: WebhookSettings | null) {
    const { secrets, origins, endpointsFile } = settings ?? {
      secrets: [],
      origins: null,
      endpointsFile: null,
    };
    this.allowed = new AllowedTargets(origins);
    this.#isSetUp = secrets.length > 0;
    this.#keys = { hmac: secrets.map(hmacKeyOf), ed25519: secrets.map(ed25519KeyOf) };
    this.publicKeys = this.#keys.ed25519.map(publicKeyText);
    if (endpointsFile === null) return;
    for (const { owner, url, secrets: own } of readEndpoints(endpointsFile, this.allowed, secrets)) {
      const ofOwner = this.#endpoints.get(owner) ?? new Map<string, SigningKeys>();
      this.#endpoints.set(owner, ofOwner.set(url, { ...this.#keys, hmac: own.map(hmacKeyOf) }));
    }
  }

  /** Why a client may not choose this URL, such as `must be an https URL`. @returns null when it may */
  refusalOf(url: string): string | null {
    return this.#isSetUp
      ? this.allowed.refusalOf(url)
      : 'is not supported: this gateway has no WEBHOOK_SECRET';
  }

  /** The deliveries that the end of a job causes: one to each URL. @returns none for an unfinished job */
  targetsOf(job: Job): NewDelivery[] {
    if (!isFinal(job)) return [];
    const urls = new Set(this.#endpoints.get(job.ownerId)?.keys());
    if (job.webhookUrl !== null) urls.add(job.webhookUrl);
    return [...urls].map((url) => ({ id: deliveryIdOf(job, url), url }));
  }

  /**
   * The keys that sign a delivery. An endpoint's own secrets sign only for its owner's jobs: another owner who names its URL must not get a
   * message that this endpoint trusts.
   *
   * @returns null when there is none any more: the endpoint or WEBHOOK_SECRET was removed from the settings
   */
  keysFor({ url, job }: Pick<Delivery, 'url' | 'job'>): SigningKeys | null {
    const ofEndpoint = this.#endpoints.get(job.ownerId)?.get(url);
    if (ofEndpoint !== undefined) return ofEndpoint;
    return this.#isSetUp && job.webhookUrl === url ? this.#keys : null;
  }
}

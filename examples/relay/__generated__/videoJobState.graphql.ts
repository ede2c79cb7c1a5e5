/**
 * @generated SignedSource<<e1402c6a1e8a357028e9ac8593457506>>
 * @lightSyntaxTransform
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import type { ReaderFragment } from 'relay-runtime';
export type VideoJobFailureCode = "GENERATION_FAILED" | "INSUFFICIENT_CREDITS" | "MODEL_UNAVAILABLE" | "REJECTED" | "RESULT_EXPIRED" | "SUBMISSION_UNKNOWN" | "TIMED_OUT" | "UPSTREAM_UNAUTHORIZED" | "UPSTREAM_UNAVAILABLE" | "%future added value";
export type VideoJobStatus = "COMPLETED" | "FAILED" | "PROCESSING" | "QUEUED" | "%future added value";
import type { FragmentRefs } from "relay-runtime";
export type videoJobState$data = {
  readonly failure: {
    readonly code: VideoJobFailureCode;
    readonly message: string;
  } | null | undefined;
  readonly isTerminal: boolean;
  readonly progress: number;
  readonly status: VideoJobStatus;
  readonly version: number;
  readonly video: {
    readonly url: string | null | undefined;
  } | null | undefined;
  readonly " $fragmentType": "videoJobState";
};
export type videoJobState$key = {
  readonly " $data"?: videoJobState$data;
  readonly " $fragmentSpreads": FragmentRefs<"videoJobState">;
};

const node: ReaderFragment = {
  "argumentDefinitions": [],
  "kind": "Fragment",
  "metadata": null,
  "name": "videoJobState",
  "selections": [
    {
      "alias": null,
      "args": null,
      "kind": "ScalarField",
      "name": "version",
      "storageKey": null
    },
    {
      "alias": null,
      "args": null,
      "kind": "ScalarField",
      "name": "status",
      "storageKey": null
    },
    {
      "alias": null,
      "args": null,
      "kind": "ScalarField",
      "name": "isTerminal",
      "storageKey": null
    },
    {
      "alias": null,
      "args": null,
      "kind": "ScalarField",
      "name": "progress",
      "storageKey": null
    },
    {
      "alias": null,
      "args": null,
      "concreteType": "GeneratedVideo",
      "kind": "LinkedField",
      "name": "video",
      "plural": false,
      "selections": [
        {
          "alias": null,
          "args": null,
          "kind": "ScalarField",
          "name": "url",
          "storageKey": null
        }
      ],
      "storageKey": null
    },
    {
      "alias": null,
      "args": null,
      "concreteType": "VideoJobFailure",
      "kind": "LinkedField",
      "name": "failure",
      "plural": false,
      "selections": [
        {
          "alias": null,
          "args": null,
          "kind": "ScalarField",
          "name": "code",
          "storageKey": null
        },
        {
          "alias": null,
          "args": null,
          "kind": "ScalarField",
          "name": "message",
          "storageKey": null
        }
      ],
      "storageKey": null
    }
  ],
  "type": "VideoJob",
  "abstractKey": null
};

(node as any).hash = "9c06e3b1d423591d8c78fdb2442962e5";

export default node;

/**
 * @generated SignedSource<<1e2786de6e7f32d5efe10659b1e48dec>>
 * @lightSyntaxTransform
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import type { ConcreteRequest } from 'relay-runtime';
export type VideoJobFailureCode = "CANCELED" | "GENERATION_FAILED" | "INSUFFICIENT_CREDITS" | "MODEL_UNAVAILABLE" | "REJECTED" | "RESULT_EXPIRED" | "START_DEADLINE_PASSED" | "SUBMISSION_UNKNOWN" | "TIMED_OUT" | "UPSTREAM_UNAUTHORIZED" | "UPSTREAM_UNAVAILABLE" | "%future added value";
export type VideoJobStatus = "COMPLETED" | "FAILED" | "PROCESSING" | "QUEUED" | "%future added value";
export type documentsVideoJobUpdatedSubscription$variables = {
  id: string;
  sinceVersion?: number | null | undefined;
};
export type documentsVideoJobUpdatedSubscription$data = {
  readonly videoJobUpdated: {
    readonly failure: {
      readonly code: VideoJobFailureCode;
      readonly message: string;
    } | null | undefined;
    readonly id: string;
    readonly isTerminal: boolean;
    readonly progress: number;
    readonly status: VideoJobStatus;
    readonly version: number;
    readonly video: {
      readonly url: string | null | undefined;
    } | null | undefined;
  };
};
export type documentsVideoJobUpdatedSubscription = {
  response: documentsVideoJobUpdatedSubscription$data;
  variables: documentsVideoJobUpdatedSubscription$variables;
};

const node: ConcreteRequest = (function(){
var v0 = [
  {
    "defaultValue": null,
    "kind": "LocalArgument",
    "name": "id"
  },
  {
    "defaultValue": null,
    "kind": "LocalArgument",
    "name": "sinceVersion"
  }
],
v1 = [
  {
    "alias": null,
    "args": [
      {
        "kind": "Variable",
        "name": "id",
        "variableName": "id"
      },
      {
        "kind": "Variable",
        "name": "sinceVersion",
        "variableName": "sinceVersion"
      }
    ],
    "concreteType": "VideoJob",
    "kind": "LinkedField",
    "name": "videoJobUpdated",
    "plural": false,
    "selections": [
      {
        "alias": null,
        "args": null,
        "kind": "ScalarField",
        "name": "id",
        "storageKey": null
      },
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
    "storageKey": null
  }
];
return {
  "fragment": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Fragment",
    "metadata": null,
    "name": "documentsVideoJobUpdatedSubscription",
    "selections": (v1/*:: as any*/),
    "type": "Subscription",
    "abstractKey": null
  },
  "kind": "Request",
  "operation": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Operation",
    "name": "documentsVideoJobUpdatedSubscription",
    "selections": (v1/*:: as any*/)
  },
  "params": {
    "cacheID": "e33e92b37aabb1c1e04797bf0adaf4f6",
    "id": null,
    "metadata": {},
    "name": "documentsVideoJobUpdatedSubscription",
    "operationKind": "subscription",
    "text": "subscription documentsVideoJobUpdatedSubscription(\n  $id: ID!\n  $sinceVersion: Int\n) {\n  videoJobUpdated(id: $id, sinceVersion: $sinceVersion) {\n    id\n    version\n    status\n    isTerminal\n    progress\n    video {\n      url\n    }\n    failure {\n      code\n      message\n    }\n  }\n}\n"
  }
};
})();

(node as any).hash = "ea816ec60ec7043ffb30c76a3fea8505";

export default node;

/**
 * @generated SignedSource<<3580227b1e9dee5ed78ee0e000d1ca35>>
 * @lightSyntaxTransform
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import type { ConcreteRequest } from 'relay-runtime';
export type VideoJobResolution = "R360" | "R480" | "R576" | "%future added value";
export type GenerateVideoInput = {
  base64?: boolean | null | undefined;
  idempotencyKey?: string | null | undefined;
  image: string;
  negativePrompt?: string | null | undefined;
  prompt: string;
  resolution?: VideoJobResolution | null | undefined;
  seed?: number | null | undefined;
  startBefore?: string | null | undefined;
  steps?: number | null | undefined;
  videoLength?: number | null | undefined;
};
export type documentsGenerateVideoMutation$variables = {
  input: GenerateVideoInput;
};
export type documentsGenerateVideoMutation$data = {
  readonly generateVideo: {
    readonly job?: {
      readonly id: string;
    };
    readonly message?: string;
  } | null | undefined;
};
export type documentsGenerateVideoMutation = {
  response: documentsGenerateVideoMutation$data;
  variables: documentsGenerateVideoMutation$variables;
};

const node: ConcreteRequest = (function(){
var v0 = [
  {
    "defaultValue": null,
    "kind": "LocalArgument",
    "name": "input"
  }
],
v1 = [
  {
    "kind": "Variable",
    "name": "input",
    "variableName": "input"
  }
],
v2 = {
  "kind": "InlineFragment",
  "selections": [
    {
      "alias": null,
      "args": null,
      "concreteType": "VideoJob",
      "kind": "LinkedField",
      "name": "job",
      "plural": false,
      "selections": [
        {
          "alias": null,
          "args": null,
          "kind": "ScalarField",
          "name": "id",
          "storageKey": null
        }
      ],
      "storageKey": null
    }
  ],
  "type": "GenerateVideoSuccess",
  "abstractKey": null
},
v3 = {
  "kind": "InlineFragment",
  "selections": [
    {
      "alias": null,
      "args": null,
      "kind": "ScalarField",
      "name": "message",
      "storageKey": null
    }
  ],
  "type": "GenerateVideoError",
  "abstractKey": "__isGenerateVideoError"
};
return {
  "fragment": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Fragment",
    "metadata": null,
    "name": "documentsGenerateVideoMutation",
    "selections": [
      {
        "alias": null,
        "args": (v1/*:: as any*/),
        "concreteType": null,
        "kind": "LinkedField",
        "name": "generateVideo",
        "plural": false,
        "selections": [
          (v2/*:: as any*/),
          (v3/*:: as any*/)
        ],
        "storageKey": null
      }
    ],
    "type": "Mutation",
    "abstractKey": null
  },
  "kind": "Request",
  "operation": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Operation",
    "name": "documentsGenerateVideoMutation",
    "selections": [
      {
        "alias": null,
        "args": (v1/*:: as any*/),
        "concreteType": null,
        "kind": "LinkedField",
        "name": "generateVideo",
        "plural": false,
        "selections": [
          {
            "alias": null,
            "args": null,
            "kind": "ScalarField",
            "name": "__typename",
            "storageKey": null
          },
          (v2/*:: as any*/),
          (v3/*:: as any*/)
        ],
        "storageKey": null
      }
    ]
  },
  "params": {
    "cacheID": "d533db49e61a8ca7dd2a371c2982ca19",
    "id": null,
    "metadata": {},
    "name": "documentsGenerateVideoMutation",
    "operationKind": "mutation",
    "text": "mutation documentsGenerateVideoMutation(\n  $input: GenerateVideoInput!\n) {\n  generateVideo(input: $input) {\n    __typename\n    ... on GenerateVideoSuccess {\n      job {\n        id\n      }\n    }\n    ... on GenerateVideoError {\n      __isGenerateVideoError: __typename\n      message\n    }\n  }\n}\n"
  }
};
})();

(node as any).hash = "1cbdcc159834e5527fa1ffe8b22493a9";

export default node;

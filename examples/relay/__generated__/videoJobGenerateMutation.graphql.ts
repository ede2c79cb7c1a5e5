/**
 * @generated SignedSource<<c5c389c21c80ea9d6d1923866ec48b71>>
 * @lightSyntaxTransform
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import type { ConcreteRequest } from 'relay-runtime';
import type { FragmentRefs } from "relay-runtime";
export type VideoJobResolution = "R360" | "R480" | "R576" | "%future added value";
export type GenerateVideoInput = {
  base64?: boolean | null | undefined;
  idempotencyKey?: string | null | undefined;
  image: string;
  negativePrompt?: string | null | undefined;
  prompt: string;
  resolution?: VideoJobResolution | null | undefined;
  seed?: number | null | undefined;
  steps?: number | null | undefined;
  videoLength?: number | null | undefined;
};
export type videoJobGenerateMutation$variables = {
  input: GenerateVideoInput;
};
export type videoJobGenerateMutation$data = {
  readonly generateVideo: {
    readonly job?: {
      readonly id: string;
      readonly " $fragmentSpreads": FragmentRefs<"videoJobState">;
    };
    readonly message?: string;
  } | null | undefined;
};
export type videoJobGenerateMutation = {
  response: videoJobGenerateMutation$data;
  variables: videoJobGenerateMutation$variables;
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
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "id",
  "storageKey": null
},
v3 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "message",
  "storageKey": null
},
v4 = {
  "kind": "InlineFragment",
  "selections": [
    (v3/*:: as any*/)
  ],
  "type": "GenerateVideoError",
  "abstractKey": "__isGenerateVideoError"
};
return {
  "fragment": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Fragment",
    "metadata": null,
    "name": "videoJobGenerateMutation",
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
                  (v2/*:: as any*/),
                  {
                    "args": null,
                    "kind": "FragmentSpread",
                    "name": "videoJobState"
                  }
                ],
                "storageKey": null
              }
            ],
            "type": "GenerateVideoSuccess",
            "abstractKey": null
          },
          (v4/*:: as any*/)
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
    "name": "videoJobGenerateMutation",
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
          {
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
                  (v2/*:: as any*/),
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
                      (v3/*:: as any*/)
                    ],
                    "storageKey": null
                  }
                ],
                "storageKey": null
              }
            ],
            "type": "GenerateVideoSuccess",
            "abstractKey": null
          },
          (v4/*:: as any*/)
        ],
        "storageKey": null
      }
    ]
  },
  "params": {
    "cacheID": "c8cc60e72150ac1537adfb7a0ff628d1",
    "id": null,
    "metadata": {},
    "name": "videoJobGenerateMutation",
    "operationKind": "mutation",
    "text": "mutation videoJobGenerateMutation(\n  $input: GenerateVideoInput!\n) {\n  generateVideo(input: $input) {\n    __typename\n    ... on GenerateVideoSuccess {\n      job {\n        id\n        ...videoJobState\n      }\n    }\n    ... on GenerateVideoError {\n      __isGenerateVideoError: __typename\n      message\n    }\n  }\n}\n\nfragment videoJobState on VideoJob {\n  version\n  status\n  isTerminal\n  progress\n  video {\n    url\n  }\n  failure {\n    code\n    message\n  }\n}\n"
  }
};
})();

(node as any).hash = "b565701e792d05b5692870506e1f90bc";

export default node;

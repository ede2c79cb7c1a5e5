/**
 * @generated SignedSource<<722c679eb0b2ed694b005e86722f4c7c>>
 * @lightSyntaxTransform
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import type { ConcreteRequest } from 'relay-runtime';
import type { FragmentRefs } from "relay-runtime";
export type videoJobUpdatedSubscription$variables = {
  id: string;
  sinceVersion?: number | null | undefined;
};
export type videoJobUpdatedSubscription$data = {
  readonly videoJobUpdated: {
    readonly isTerminal: boolean;
    readonly version: number;
    readonly " $fragmentSpreads": FragmentRefs<"videoJobState">;
  };
};
export type videoJobUpdatedSubscription = {
  response: videoJobUpdatedSubscription$data;
  variables: videoJobUpdatedSubscription$variables;
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
v2 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "version",
  "storageKey": null
},
v3 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "isTerminal",
  "storageKey": null
};
return {
  "fragment": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Fragment",
    "metadata": null,
    "name": "videoJobUpdatedSubscription",
    "selections": [
      {
        "alias": null,
        "args": (v1/*:: as any*/),
        "concreteType": "VideoJob",
        "kind": "LinkedField",
        "name": "videoJobUpdated",
        "plural": false,
        "selections": [
          (v2/*:: as any*/),
          (v3/*:: as any*/),
          {
            "args": null,
            "kind": "FragmentSpread",
            "name": "videoJobState"
          }
        ],
        "storageKey": null
      }
    ],
    "type": "Subscription",
    "abstractKey": null
  },
  "kind": "Request",
  "operation": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Operation",
    "name": "videoJobUpdatedSubscription",
    "selections": [
      {
        "alias": null,
        "args": (v1/*:: as any*/),
        "concreteType": "VideoJob",
        "kind": "LinkedField",
        "name": "videoJobUpdated",
        "plural": false,
        "selections": [
          (v2/*:: as any*/),
          (v3/*:: as any*/),
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
          },
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
    ]
  },
  "params": {
    "cacheID": "edb644eb617a2664e4ccedce8b804da2",
    "id": null,
    "metadata": {},
    "name": "videoJobUpdatedSubscription",
    "operationKind": "subscription",
    "text": "subscription videoJobUpdatedSubscription(\n  $id: ID!\n  $sinceVersion: Int\n) {\n  videoJobUpdated(id: $id, sinceVersion: $sinceVersion) {\n    version\n    isTerminal\n    ...videoJobState\n    id\n  }\n}\n\nfragment videoJobState on VideoJob {\n  version\n  status\n  isTerminal\n  progress\n  video {\n    url\n  }\n  failure {\n    code\n    message\n  }\n}\n"
  }
};
})();

(node as any).hash = "23652be3c888f49f4c2a844ca1303d8d";

export default node;

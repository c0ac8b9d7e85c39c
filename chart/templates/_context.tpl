{{/*
What all templates work on (JSON): `values` (see atoll.values), and `objects`, by kind and name: those that `atoll deploy`
makes when nothing is set, into which the other templates put what values say.
*/}}
{{- define "atoll.context" -}}
{{- $layout := .Files.Get "files/layout.yaml" | fromYaml -}}
{{- $values := include "atoll.values" (dict "values" .Values "layout" $layout) | fromJson -}}
{{- $image := $values.atoll.deploy.image | required "Which image holds Atoll itself is not known. Build it from the Containerfile, push it to a registry of yours, and set atoll.deploy.image." -}}
{{- if not (regexMatch "^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$" .Release.Name) -}}
{{- fail "The name of the release must be 40 lower-case letters, digits and dashes at most." -}}
{{- end -}}
{{- $token := include "atoll.controlToken" (dict "release" .Release "given" $values.proxy.secretToken) -}}
{{- $objects := .Files.Get "files/objects.yaml" | replace "@name@" .Release.Name | replace "@namespace@" .Release.Namespace | replace "@image@" $image | replace "@manager@" .Release.Service | fromYaml -}}
{{- toJson (dict "values" $values "objects" $objects "token" $token "text" (toYaml .Values)) -}}
{{- end -}}

{{/* The secret that hub and edges share: the one that is given, or the one that is there, or a new one. */}}
{{- define "atoll.controlToken" -}}
{{- $there := lookup "v1" "Secret" .release.Namespace "atoll-keys" -}}
{{- if regexMatch "^[[:word:]+/=.-]{32,}$" (default "" .given) -}}
{{- .given -}}
{{- else if $there -}}
{{- get $there.data "control-token" | b64dec -}}
{{- else -}}
{{- randAlphaNum 64 -}}
{{- end -}}
{{- end -}}

{{/* What values say about the secret with which images are pulled; by its name it is then one of `imagePullSecrets`. */}}
{{- define "atoll.imagePullSecret" -}}
{{- $values := .values -}}
{{- $written := $values.imagePullSecret -}}
{{- if $written.create -}}
{{- $secret := index .objects "Secret image-pull-secret" -}}
{{- $username := required "imagePullSecret.create needs imagePullSecret.username." $written.username -}}
{{- $password := required "imagePullSecret.create needs imagePullSecret.password." $written.password -}}
{{- $kept := get $secret.data ".dockerconfigjson" | b64dec | fromJson -}}
{{- $registry := default (keys $kept.auths | first) $written.registry -}}
{{- $login := dict "username" $username "password" $password "auth" (printf "%s:%s" $username $password | b64enc) -}}
{{- include "atoll.take" (list $login $written "email") -}}
{{- $_ := set $secret.data ".dockerconfigjson" (dict "auths" (dict $registry $login) | toJson | b64enc) -}}
{{- if ne (toString $written.automaticReferenceInjection) "false" -}}
{{- $_ := set $values "imagePullSecrets" (append (default list $values.imagePullSecrets) $secret.metadata.name) -}}
{{- end -}}
{{- else -}}
{{- $_ := unset .objects "Secret image-pull-secret" -}}
{{- end -}}
{{- end -}}

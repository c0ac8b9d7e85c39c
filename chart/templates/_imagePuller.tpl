{{/* What values say about the images that nodes pull ahead of time. */}}
{{- define "atoll.imagePuller" -}}
{{- $values := .values -}}
{{- $prePuller := $values.prePuller -}}
{{- $puller := index .objects "DaemonSet continuous-image-puller" -}}
{{- $template := $puller.spec.template -}}
{{- $pod := $template.spec -}}
{{- $one := first $pod.initContainers -}}
{{- include "atoll.pause" (list (first $pod.containers) .) -}}
{{- if hasKey $prePuller "resources" -}}
{{- range list $one (first $pod.containers) -}}{{- $_ := set . "resources" $prePuller.resources -}}{{- end -}}
{{- end -}}
{{- $containers := list -}}
{{- range $index, $image := (include "atoll.images" (dict "values" $values "image" $one.image) | fromJson).items -}}
{{- $containers = append $containers (set (set (deepCopy $one) "image" $image) "name" (printf "image-%d" $index)) -}}
{{- end -}}
{{- $_ := set $pod "initContainers" $containers -}}
{{- $_ := set $template.metadata "annotations" (default dict $prePuller.continuous.daemonsetAnnotations) -}}
{{- include "atoll.userPlace" (list $pod $values) -}}
{{- $_ := set $pod "tolerations" (concat $pod.tolerations (default list $prePuller.extraTolerations)) -}}
{{- if not $values.scheduling.podPriority.enabled -}}{{- $_ := unset $pod "priorityClassName" -}}{{- end -}}
{{- $traits := (include "atoll.traits" $values | fromJson) -}}
{{- with concat (default list $values.imagePullSecrets) (default list $values.singleuser.image.pullSecrets) (default list $traits.image_pull_secrets) -}}
{{- $_ := set $pod "imagePullSecrets" (include "atoll.pullSecrets" . | fromJson).items -}}
{{- end -}}
{{- if eq (toString $prePuller.continuous.enabled) "false" -}}{{- $_ := unset .objects "DaemonSet continuous-image-puller" -}}{{- end -}}
{{- end -}}

{{/* What `hub.config` says about servers: traits of Spawner, and over them those of KubeSpawner (JSON). */}}
{{- define "atoll.traits" -}}
{{- $config := default dict .hub.config -}}
{{- $traits := dict -}}
{{- range list "Spawner" "KubeSpawner" -}}
{{- include "atoll.assign" (list $traits (default dict (get $config .))) -}}
{{- end -}}
{{- toJson $traits -}}
{{- end -}}

{{/* The labels of nodes on which servers go. */}}
{{- define "atoll.userPlace" -}}
{{- $pod := first . -}}
{{- $values := index . 1 -}}
{{- $traits := include "atoll.traits" $values | fromJson -}}
{{- include "atoll.take" (list $pod $values.singleuser "nodeSelector") -}}
{{- with $traits.node_selector -}}{{- $_ := set $pod "nodeSelector" . -}}{{- end -}}
{{- end -}}

{{/* The images that servers are started from, in the order of the alphabet (JSON: `{items}`). */}}
{{- define "atoll.images" -}}
{{- $values := .values -}}
{{- $traits := include "atoll.traits" $values | fromJson -}}
{{- $image := .image -}}
{{- with $values.singleuser.image -}}
{{- if .name -}}{{- $image = .name -}}{{- with .tag -}}{{- $image = printf "%s:%s" $image (toString .) -}}{{- end -}}{{- end -}}
{{- end -}}
{{- $images := list (default $image $traits.image) -}}
{{- if ne (toString $values.prePuller.pullProfileListImages) "false" -}}
{{- range default $values.singleuser.profileList $traits.profile_list -}}
{{- $images = append $images (default dict .kubespawner_override).image -}}
{{- range default dict .profile_options -}}
{{- range default dict .choices -}}
{{- $images = append $images (default dict .kubespawner_override).image -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $values.prePuller.extraImages -}}
{{- $images = append $images (printf "%s:%s" .name (toString .tag)) -}}
{{- end -}}
{{- toJson (dict "items" (compact $images | uniq | sortAlpha)) -}}
{{- end -}}

{{/* The container that does nothing. */}}
{{- define "atoll.pause" -}}
{{- $container := first . -}}
{{- $pause := (index . 1).values.prePuller.pause -}}
{{- $parts := splitList ":" $container.image -}}
{{- $name := default (first $parts) $pause.image.name -}}
{{- $tag := default (last $parts) $pause.image.tag -}}
{{- $_ := set $container "image" (printf "%s:%s" $name (toString $tag)) -}}
{{- include "atoll.assign" (list $container.securityContext (default dict $pause.containerSecurityContext)) -}}
{{- end -}}

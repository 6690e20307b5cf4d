#include "built_in_notation.hpp"

namespace poolscaler::simulation {
namespace {

constexpr std::string_view fragments = R"(
OwnerReference: Names an object that this one depends on.
  apiVersion! string: API version of the owner.
  blockOwnerDeletion bool: Whether the owner waits for this object when it is deleted.
  controller bool: Whether the owner is the managing controller.
  kind! string: Kind of the owner.
  name! string: Name of the owner.
  uid! string: UID of the owner.
ObjectMeta: Standard metadata of every object.
  annotations {string}: Free text for tools and people, not for selection.
  creationTimestamp time: When the server made the object; read-only.
  deletionGracePeriodSeconds int64: Seconds that the object may take to end; read-only.
  deletionTimestamp time: When the object will be gone; set by the server on deletion.
  finalizers [string] set: Must be empty before the object is removed.
  generateName string: Prefix of a name that the server completes.
  generation int64: Number of the desired state; rises with each change of it; read-only.
  labels {string}: Keys and values by which objects are selected.
  managedFields [any]: Who set which field; kept by the server.
  name string: Unique within the namespace; cannot be changed.
  namespace string: The space within which the name is unique.
  ownerReferences [&OwnerReference] key=uid: Objects that this one depends on.
  resourceVersion string: Version of the object, to be compared only; set by the server.
  selfLink string: Not used any more.
  uid string: Unique in time and space; set by the server.
LabelSelector: Selects objects by their labels; all parts must hold.
  matchExpressions [any]: Requirements of key, operator (In, NotIn, Exists, DoesNotExist), values.
  matchLabels {string}: Labels that must have exactly these values.
ObjectReference: Names another object.
  apiVersion string: API version of the object.
  fieldPath string: The part of the object that is meant.
  kind string: Kind of the object.
  name string: Name of the object.
  namespace string: Namespace of the object.
  resourceVersion string: The version that is meant.
  uid string: UID of the object.
Condition ...: One aspect of the object's state.
  type! string: Name of the aspect.
  status! string: True, False or Unknown.
  reason string: Why, in one CamelCase word.
  message string: Why, for people.
  lastTransitionTime time: When the status last changed.
  lastUpdateTime time: When the condition was last updated.
  observedGeneration int64: The generation that this was judged by.
ContainerPort: A port that a container listens on.
  containerPort! int: Number of the port.
  hostIP string: Address of the node to bind to.
  hostPort int: Port of the node to bind to.
  name string: Name of the port.
  protocol string =TCP: TCP, UDP or SCTP.
Container: One container of a pod.
  args [string]: Arguments of the entry point.
  command [string]: Entry point, instead of the image's.
  env [any] key=name: Environment variables.
  envFrom [any]: Sources of environment variables.
  image string: Name of the container's image.
  imagePullPolicy string: Always, Never or IfNotPresent.
  lifecycle any: What to do after start and before stop.
  livenessProbe any: Restarts the container when it fails.
  name! string: Unique within the pod.
  ports [&ContainerPort] key=containerPort,protocol: Ports that the container listens on.
  readinessProbe any: Takes the pod out of service while it fails.
  resizePolicy [any]: What a change of resources does.
  resources: What the container needs and may use.
    claims [any] key=name: Resource claims that the container uses.
    limits {quantity}: The most that it may use; accelerators are asked for here.
    requests {quantity}: What is set aside for it; the limits when not said.
  restartPolicy string: Restart policy of this container.
  restartPolicyRules [any]: Exceptions from it.
  securityContext any: Privileges and users.
  startupProbe any: Holds back the other probes until it succeeds.
  stdin bool: Whether standard input is kept open.
  stdinOnce bool: Whether it is closed after the first client.
  terminationMessagePath string =/dev/termination-log: Where a last message is read from.
  terminationMessagePolicy string =File: Where the last message comes from.
  tty bool: Whether a terminal is allocated.
  volumeDevices [any] key=devicePath: Block devices of the container.
  volumeMounts [any] key=mountPath: Volumes that the container sees.
  workingDir string: Working directory of the entry point.
)";

constexpr std::string_view pods = R"(
PodSpec: What runs in the pod, and where it may run.
  activeDeadlineSeconds int64: How long the pod may be active.
  affinity any: Rules for placement.
  automountServiceAccountToken bool: Whether the service account's token is mounted.
  containers! [&Container] key=name: The containers; at least one.
  dnsConfig any: DNS parameters.
  dnsPolicy string =ClusterFirst: How names are resolved.
  enableServiceLinks bool =true: Whether services become environment variables.
  ephemeralContainers [any] key=name: Containers for debugging.
  hostAliases [any] key=ip: Lines of the hosts file.
  hostIPC bool: Uses the node's IPC namespace.
  hostNetwork bool: Uses the node's network.
  hostPID bool: Uses the node's process namespace.
  hostUsers bool: Uses the node's user namespace.
  hostname string: Host name of the pod.
  hostnameOverride string: Host name, instead of any other.
  imagePullSecrets [any] key=name: Secrets for pulling images.
  initContainers [&Container] key=name: Containers that run before the others.
  nodeName string: The node that the pod is bound to; set by the scheduler.
  nodeSelector {string}: Labels that the node must have.
  os any: Operating system of the containers.
  overhead {quantity}: Resources of the runtime itself.
  preemptionPolicy string =PreemptLowerPriority: Whether others may be preempted for it.
  priority int =0: Priority of the pod.
  priorityClassName string: Name of the priority class.
  readinessGates [any]: Further conditions of readiness.
  resourceClaims [any] key=name: Claims that must be allocated first.
  resources any: Resources of the whole pod.
  restartPolicy string =Always: Always, OnFailure or Never.
  runtimeClassName string: The runtime that runs the pod.
  schedulerName string =default-scheduler: Who schedules the pod.
  schedulingGates [any] key=name: Block scheduling while there are any.
  schedulingGroup any: The group that the pod is scheduled with.
  securityContext any ={}: Privileges and users of all containers.
  serviceAccount string: Old name of serviceAccountName.
  serviceAccountName string: The service account that the pod runs as.
  setHostnameAsFQDN bool: Whether the host name is the full name.
  shareProcessNamespace bool: Whether the containers see each other's processes.
  subdomain string: Subdomain of the pod.
  terminationGracePeriodSeconds int64 =30: Seconds that the pod may take to end.
  tolerations [any]: Taints that the pod tolerates.
  topologySpreadConstraints [any] key=topologyKey,whenUnsatisfiable: How pods are spread.
  volumes [any] key=name: Volumes that containers can mount.
  workloadRef any: The workload that the pod belongs to.
PodTemplate: Template of the pods that are made.
  metadata &ObjectMeta: Labels and annotations of the pods.
  spec &PodSpec: What runs in the pods.
Pod: A group of containers that run together on one node.
  spec! &PodSpec: What runs in the pod, and where it may run.
  status ...: Where the pod stands; kept by the scheduler and the node.
    conditions [&Condition] key=type: PodScheduled, Ready and others.
    containerStatuses [any]: State of each container.
    hostIP string: Address of the node.
    message string: Why the pod is in this state.
    phase string =Pending: Pending, Running, Succeeded, Failed or Unknown.
    podIP string: Address of the pod.
    reason string: Why, in one word.
    startTime time: When the node took the pod.
Node: A machine on which pods run.
  spec ...: What is asked of the node.
    podCIDR string: Addresses of the node's pods.
    providerID string: The machine as the provider names it.
    taints [any] key=key,effect: Keep pods away that do not tolerate them.
    unschedulable bool: No new pods (kubectl cordon).
  status ...: Where the node stands.
    addresses [any] key=type: Addresses of the node.
    allocatable {quantity}: What pods can use.
    capacity {quantity}: What the node has in all.
    conditions [&Condition] key=type: Ready and others.
    nodeInfo any: Versions of the node's software.
)";

constexpr std::string_view workloads = R"(
Deployment: Keeps a number of pods of one template running, and replaces them when it changes.
  spec!: What is asked for.
    minReadySeconds int: Seconds that a new pod must be ready to count as available.
    paused bool: Whether changes of the template are held back.
    progressDeadlineSeconds int =600: Seconds after which a rollout counts as stuck.
    replicas int =1 >=0: Number of pods; also written through the scale subresource.
    revisionHistoryLimit int =10 >=0: Number of old ReplicaSets that are kept.
    selector! &LabelSelector: The pods that belong to it; cannot be changed.
    strategy any ={"type":"RollingUpdate",)"
           R"("rollingUpdate":{"maxSurge":"25%","maxUnavailable":"25%"}}: How pods are replaced.
    template! &PodTemplate: The pods that are made.
  status ...: Where it stands.
    availableReplicas int: Pods that are available.
    conditions [&Condition] key=type: Available and Progressing.
    observedGeneration int64: The generation that this describes.
    readyReplicas int: Pods that are ready.
    replicas int: Pods that exist.
    unavailableReplicas int: Pods that are missing or not available.
    updatedReplicas int: Pods of the present template.
ReplicaSet: Keeps a number of pods of one template running.
  spec: What is asked for.
    minReadySeconds int: Seconds that a new pod must be ready to count as available.
    replicas int =1 >=0: Number of pods.
    selector! &LabelSelector: The pods that belong to it; cannot be changed.
    template &PodTemplate: The pods that are made.
  status ...: Where it stands.
    replicas int =0: Pods that exist.
    readyReplicas int: Pods that are ready.
    availableReplicas int: Pods that are available.
    observedGeneration int64: The generation that this describes.
StatefulSet: Keeps a number of pods with stable names running.
  spec: What is asked for.
    minReadySeconds int: Seconds that a new pod must be ready to count as available.
    ordinals any: Where the numbers begin.
    persistentVolumeClaimRetentionPolicy any: What becomes of claims.
    podManagementPolicy string =OrderedReady: OrderedReady or Parallel.
    replicas int =1 >=0: Number of pods.
    revisionHistoryLimit int =10: Number of old revisions that are kept.
    selector! &LabelSelector: The pods that belong to it; cannot be changed.
    serviceName string: The service that names the pods.
    template! &PodTemplate: The pods that are made.
    updateStrategy any ={"type":"RollingUpdate"}: How pods are replaced.
    volumeClaimTemplates [any]: Claims that each pod gets.
  status ...: Where it stands.
    replicas int =0: Pods that exist.
    readyReplicas int: Pods that are ready.
    currentReplicas int: Pods of the current revision.
    updatedReplicas int: Pods of the update revision.
    availableReplicas int =0: Pods that are available.
    observedGeneration int64: The generation that this describes.
Lease: A claim that its holder renews, such as leadership.
  spec: The claim.
    acquireTime time: When the present holder got it.
    holderIdentity string: Who holds it; empty when nobody does.
    leaseDurationSeconds int: Seconds for which it holds without renewal.
    leaseTransitions int: How often the holder changed.
    preferredHolder string: Who should hold it.
    renewTime time: When the holder last renewed it.
    strategy string: How a holder is elected.
Namespace: A space within which names are unique.
  spec ...: What is asked for.
    finalizers [string]: Must be empty before the namespace is removed.
  status ...: Where it stands.
    conditions [&Condition] key=type: Conditions of a deletion.
    phase string: Active or Terminating.
Event: Something that happened to an object, reported by a controller.
  action string: What was done or failed.
  count int: How often it happened.
  deprecatedCount int: Old name of count.
  deprecatedFirstTimestamp time: Old name of firstTimestamp.
  deprecatedLastTimestamp time: Old name of lastTimestamp.
  deprecatedSource any: Old name of source.
  eventTime time: When it was first seen.
  firstTimestamp time: When it first happened.
  involvedObject &ObjectReference: What it happened to.
  lastTimestamp time: When it last happened.
  message string: What happened, for people.
  note string: What happened, for people.
  reason string: Why, in one CamelCase word.
  regarding &ObjectReference: What it happened to.
  related &ObjectReference: A second object that matters.
  reportingComponent string: The controller that reports it.
  reportingController string: The controller that reports it.
  reportingInstance string: The instance of the controller.
  series any: Of an event that goes on: how often, and when last.
  source any: Where it was reported from.
  type string: Normal or Warning.
)";

}  // namespace

std::array<std::string_view, 3> built_in_notation() { return {fragments, pods, workloads}; }

}  // namespace poolscaler::simulation

/** How a Kubernetes API server is reached, and as whom. */
export interface ApiAccess {
  /** Such as `https://10.0.0.1:443`, without a final slash. */
  server: string;
  /** Where it was found, for messages: `context "prod" of /home/ada/.kube/config`, `this pod's service account`. */
  source: string;
  /** The namespace of the context or of the pod. */
  namespace: string;
  /** PEM certificates by which the server is known; undefined: the system's. */
  certificateAuthority?: string;
  /** The name in the server's certificate, when it is not the host's. */
  tlsServerName?: string;
  /** True: whatever certificate the server shows is taken. */
  skipTlsVerification?: boolean;
  /** PEM certificate and key with which this client shows who it is. */
  clientCertificate?: { certificate: string; key: string };
  /** The value of the header `Authorization`, fresh for each request; undefined: none. */
  authorization: () => Promise<string | undefined>;
}

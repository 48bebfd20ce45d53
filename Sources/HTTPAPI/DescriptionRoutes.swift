// GET /openapi.yaml: the API's own description, embedded in the binary.
import HTTPTypes
import Hummingbird
import NIOCore

/// The API's description.
func descriptionEndpoints() -> [Endpoint] {
    [
        Endpoint(.get, "/openapi.yaml", access: .open) { _ in
            Response(
                status: .ok, headers: [.contentType: "application/yaml"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: PackageResources.openapi_yaml)))
        }
    ]
}

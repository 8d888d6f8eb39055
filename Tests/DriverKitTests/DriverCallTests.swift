import Foundations
import Testing

@testable import DriverKit
@testable import Machine

@Suite("What is done with a driver")
struct DriverCallTests {
  private final class Noting: Driver {
    var served: [ObjectIdentifier] = []
    var error: Errno?

    override func serve(_ request: DriverRequest, _ context: DriverContext) throws(Errno) {
      served.append(ObjectIdentifier(request))
      if let error { throw error }
      request.complete(.success(served.count))
    }
  }

  @Test("Each request reaches the driver, and its error the host, by the same call")
  func serving() {
    let driver = Noting()
    let context = DriverContext(DeviceNode("test", .platform, .platform("test")), DriverSignals())
    let call = DriverCall(driver, context)
    let requests = (0..<3).map { _ in DriverRequest(isRepeatable: false) }
    for (number, request) in requests.enumerated() {
      var isDone = false
      if case .done = call.serve(request) { isDone = true }
      var answer: Int?
      if case .success(let value) = request.outcome { answer = value }
      #expect(isDone && answer == number + 1)
    }
    driver.error = .EIO
    let last = DriverRequest(isRepeatable: false)
    var error: Errno?
    if case .failed(let found) = call.serve(last) { error = found }
    #expect(error == .EIO && last.outcome == nil)
    #expect(driver.served == (requests + [last]).map { ObjectIdentifier($0) })
    // Another thing is not another request.
    _ = call(.health)
    #expect(call.health == .good && driver.served.count == 4)
  }

  @Test("A request that was served is not kept")
  func release() {
    final class Ending: DriverRequest {
      let onEnd: () -> Void
      init(_ onEnd: @escaping () -> Void) {
        self.onEnd = onEnd
        super.init(isRepeatable: false)
      }
      deinit { onEnd() }
    }
    var hasEnded = false
    let context = DriverContext(DeviceNode("test", .platform, .platform("test")), DriverSignals())
    let call = DriverCall(Driver(), context)
    _ = call.serve(Ending { hasEnded = true })
    #expect(hasEnded)
  }
}

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

  /// A driver that notes the number of the call that it is in.
  private final class Numbering: Driver {
    var numbers: [UInt64?] = []
    override func timer(_ context: DriverContext) throws(Errno) { numbers.append(context.signals.call) }
  }

  @Test("Each call has a number of its own, which is nobody's after it")
  func numbers() {
    let driver = Numbering()
    let context = DriverContext(DeviceNode("test", .platform, .platform("test")), DriverSignals())
    let call = DriverCall(driver, context)
    for _ in 0..<5 {
      #expect(context.signals.call == nil)
      _ = call(.timer)
    }
    let numbers = driver.numbers.compactMap { $0 }
    #expect(numbers.count == 5 && Set(numbers).count == 5 && !numbers.contains(0) && context.signals.call == nil)
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

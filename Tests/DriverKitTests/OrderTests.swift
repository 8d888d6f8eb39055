import Foundations
import Testing

@testable import DriverKit

@Suite("What programs order of a device's thread")
struct OrderTests {
  @Test("A driver is replaced as often as programs want; that is no failure of its")
  func resets() throws {
    let stepped = SteppedHost()
    stepped.host.start()
    for count in 2...40 {
      guard case .success = try stepped.order(.reset) else {
        Issue.record("not replaced")
        return
      }
      #expect(stepped.device.state == .running && stepped.script.startCount == count)
    }
    #expect(stepped.device.restartCount == 0 && stepped.device.lastFailure == nil)
  }

  /// Has the driver fail once.
  private func fail(_ stepped: SteppedHost) throws {
    stepped.script.onServe = { _, _ throws(Errno) in throw .EIO }
    // One that has done something for somebody has earned another try.
    _ = try stepped.serve()
  }

  @Test("Failures count all the same: nine in a row give the device up, and why stays known")
  func failures() throws {
    let stepped = SteppedHost()
    stepped.host.start()
    for _ in 0..<RestartPolicy.limit {
      #expect(stepped.device.state == .running)
      try fail(stepped)
    }
    #expect(stepped.device.state == .running)
    try fail(stepped)
    #expect(stepped.device.state == .failed && stepped.device.lastFailure == .error(.EIO))
  }

  @Test("A device that was given up can be ordered to begin anew, with all of its tries")
  func renewal() throws {
    let stepped = SteppedHost()
    stepped.host.start()
    for _ in 0...RestartPolicy.limit { try fail(stepped) }
    #expect(stepped.device.state == .failed)
    guard case .success = try stepped.order(.reset) else {
      Issue.record("not begun anew")
      return
    }
    #expect(stepped.device.state == .running && stepped.device.lastFailure == .error(.EIO))
    for _ in 0..<RestartPolicy.limit {
      #expect(stepped.device.state == .running)
      try fail(stepped)
    }
    #expect(stepped.device.state == .running)
  }

  @Test("An order does not help a driver that cannot come up")
  func hopeless() throws {
    let stepped = SteppedHost()
    stepped.script.onStart = { _ throws(Errno) in throw .EIO }
    stepped.host.start()
    #expect(stepped.device.state == .failed)
    let count = stepped.script.startCount
    guard case .failure(.EIO) = try stepped.order(.reset) else {
      Issue.record("an order that has failed is said to have been carried out")
      return
    }
    #expect(stepped.device.state == .failed && stepped.script.startCount == count + RestartPolicy.limit + 1)
  }

  @Test("A driver is taken from its device and given to it again without a limit")
  func rebinding() throws {
    let device = DeviceNode("bound", .platform, .platform("bound"))
    for _ in 0..<30 {
      let stepped = SteppedHost(device)
      stepped.host.start()
      #expect(device.state == .running)
      guard case .success = try stepped.order(.remove(isGone: false)) else {
        Issue.record("not taken")
        return
      }
    }
    #expect(device.restartCount == 0 && device.lastFailure == nil)
  }
}

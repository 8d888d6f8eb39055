import Foundations
import Interrupts
import PCI
import Testing

@testable import DriverKit

@Suite("Interrupts without end")
struct StormTests {
  /// A detector that assertions may ask.
  private final class Detector {
    private var detector = FloodDetector()
    var now: UInt64 = 0
    var clockReads = 0

    func note(isNews: Bool) -> Bool {
      detector.note(isNews: isNews) {
        clockReads += 1
        return now
      }
    }

    /// Notes `count` interrupts without news, one each `interval`; gives the number of the first that is a storm.
    func flood(_ count: Int, every interval: UInt64) -> Int? {
      for number in 1...count {
        now += interval
        if note(isNews: false) { return number }
      }
      return nil
    }
  }

  private static let limit = Int(FloodDetector.limit)

  @Test("Interrupts that bring news are no storm, however fast they come")
  func news() {
    let detector = Detector()
    for _ in 0..<10 * Self.limit { #expect(!detector.note(isNews: true)) }
    #expect(detector.clockReads == 0)
  }

  @Test("Those without news are one when ten thousand come within a second, whatever comes between them")
  func flood() {
    #expect(Detector().flood(3 * Self.limit, every: 1_000) == Self.limit)
    #expect(Detector().flood(3 * Self.limit, every: 100_000) == Self.limit)
    let mixed = Detector()
    var count = 0
    for number in 0... {
      mixed.now += 10_000
      if mixed.note(isNews: number.isMultiple(of: 2)) { break }
      count += 1
      guard count < 10 * Self.limit else { break }
    }
    #expect(count == 2 * Self.limit - 1 && mixed.clockReads == 2)
  }

  @Test("The fastest clock of a PC is none, nor a device that says of each of its buffers that it is full")
  func clocks() {
    #expect(Detector().flood(20 * Self.limit, every: 1_000_000_000 / 8_192) == nil)
    #expect(Detector().flood(4_096, every: 0) == nil)
  }

  @Test("A storm that follows slow interrupts is found all the same")
  func later() throws {
    let detector = Detector()
    #expect(detector.flood(Self.limit - 5, every: 10_000_000) == nil)
    let number = try #require(detector.flood(3 * Self.limit, every: 1_000))
    #expect(number <= 2 * Self.limit)
  }

  @Test("A hundred interrupts for nothing within a second are ignored, the next is a storm; one for something forgives")
  func idle() {
    var policy = IdleInterruptPolicy()
    var storms = 0
    for number in 0..<IdleInterruptPolicy.limit { if policy.noteIdle(at: UInt64(number)) { storms += 1 } }
    policy.noteServed()
    for number in 0..<IdleInterruptPolicy.limit { if policy.noteIdle(at: UInt64(number)) { storms += 1 } }
    #expect(storms == 0)
    let isStorm = policy.noteIdle(at: 999_999_999)
    #expect(isStorm)
    var slow = IdleInterruptPolicy()
    for number in 0..<1_000 { if slow.noteIdle(at: UInt64(number) * 20_000_000) { storms += 1 } }
    #expect(storms == 0)
  }

  @Test("A device has three storms in a minute, whatever its driver does for others meanwhile")
  func policy() {
    var policy = RestartPolicy()
    var last: UInt64 = 0
    #expect(!policy.hasStormed(at: 0))
    for number in 0..<UInt64(RestartPolicy.stormLimit) {
      policy.noteStart(at: 1_000)
      policy.noteProgress()
      guard let delay = policy.noteStorm(at: number * 10_000_000_000) else {
        Issue.record("given up too early")
        return
      }
      #expect(delay > last)
      last = delay
    }
    #expect(policy.hasStormed(at: 79_999_999_999) && !policy.hasStormed(at: 80_000_000_000))
    #expect(policy.noteStorm(at: 59_999_999_999) == nil)
    var calm = RestartPolicy()
    for number in 0..<UInt64(50) { #expect(calm.noteStorm(at: number * 25_000_000_000) != nil) }
  }

  // MARK: Silencing

  private static let message64: [UInt8] = [0x05, 0, 0x81, 0]
  private static let maskable: [UInt8] = [0x05, 0, 0x01, 0x01]
  private static let extended: [UInt8] = [0x11, 0, 0x03, 0x80]

  /// Has the interrupt of `function` come until it is a storm, `times` over, while nobody serves it.
  private func storm(_ function: PCIFunction, times: Int = 1) -> DriverSignals {
    let signals = DriverSignals()
    let interrupt = DriverInterrupt(signals, 0, "test", sender: function)
    for _ in 0..<times * Self.limit + 1 { #expect(interrupt.handle()) }
    return signals
  }

  @Test("Messages that can be masked are masked, others are turned off, and no pin is used instead")
  func messages() throws {
    for capability in [Self.message64, Self.maskable, Self.extended] {
      let space = OneFunctionSpace([capability])
      let function = try space.makeFunction()
      function.setMaster(true)
      let signals = storm(function)
      #expect(signals.takeStorm() && !signals.takeStorm())
      #expect(space.get(4, width: 2) & 0x404 == 0x404, "no pin, and still a master")
      switch capability[0] {
      case 0x11: #expect(space.get(0x42, width: 2) & 0x4000 != 0)
      default:
        if capability[3] & 1 != 0 {
          #expect(space.get(0x4c, width: 4) == .max && space.get(0x42, width: 2) & 1 == 1)
        } else {
          #expect(space.get(0x42, width: 2) & 1 == 0)
        }
      }
    }
  }

  @Test("A device that goes on all the same loses its way to memory, by which messages go")
  func disobedience() throws {
    let space = OneFunctionSpace([Self.extended])
    let function = try space.makeFunction()
    function.setMaster(true)
    _ = storm(function, times: 2)
    #expect(space.get(4, width: 2) & 4 == 0)
  }

  // MARK: What becomes of the driver

  /// Floods the host with interrupts while its driver serves a request.
  private func flood(_ stepped: SteppedHost) throws {
    let interrupt = DriverInterrupt(stepped.host.signals, 0, "test")
    stepped.script.onServe = { request, _ in
      for _ in 0...Self.limit { _ = interrupt.handle() }
      request.complete(.success(0))
    }
    _ = try stepped.serve()
  }

  @Test("It is replaced, the device degraded; the fourth time within a minute the device is given up")
  func recovery() throws {
    let stepped = SteppedHost()
    stepped.host.start()
    for count in 1...RestartPolicy.stormLimit {
      try flood(stepped)
      #expect(stepped.device.state == .running && stepped.script.startCount == count + 1)
      #expect(stepped.device.lastFailure == .storm && stepped.device.health == .degraded)
    }
    try flood(stepped)
    #expect(stepped.device.state == .failed && stepped.device.restartCount == 3)
  }

  @Test("A device that interrupts for nothing has its driver replaced; one that now and then does has not")
  func nothing() throws {
    let stepped = SteppedHost()
    stepped.host.start()
    let interrupt = DriverInterrupt(stepped.host.signals, 0, "test")
    var count = 0
    stepped.script.onInterrupt = { context in
      count += 1
      if !count.isMultiple(of: 50) { context.noteIdleInterrupt() }
    }
    for _ in 0..<1_000 {
      _ = interrupt.handle()
      stepped.run()
    }
    #expect(count == 1_000 && stepped.device.lastFailure == nil && stepped.device.health == .good)
    stepped.script.onInterrupt = { context in context.noteIdleInterrupt() }
    for _ in 0...IdleInterruptPolicy.limit {
      _ = interrupt.handle()
      stepped.run()
    }
    #expect(stepped.script.startCount == 2 && stepped.device.lastFailure == .storm)
  }

  @Test("A driver that waits in vain for a device that was silenced has failed by the storm")
  func silencedStart() throws {
    let stepped = SteppedHost()
    let interrupt = DriverInterrupt(stepped.host.signals, 0, "test")
    var isCalm = false
    stepped.script.onStart = { _ throws(Errno) in
      if isCalm { return }
      isCalm = true
      for _ in 0...Self.limit { _ = interrupt.handle() }
      throw .ETIMEDOUT
    }
    stepped.host.start()
    #expect(stepped.device.lastFailure == .storm && stepped.device.state == .running)
    stepped.run()
    #expect(stepped.script.startCount == 2)
  }
}

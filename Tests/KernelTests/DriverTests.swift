import DriverKit
import Foundations
import Machine
import PageFrames
import Scheduler
import Synchronization
import Time

/// Drivers that fail: that the kernel does not, and that the next driver goes on with what was wanted.
enum DriverTests {
  private static let two = TestMachine(memory: "256M", processorCount: 2)
  private static let rounds = 100
  /// Calls that never return cost the time until that is noticed.
  private static let hangLimit: UInt64 = 50_000_000
  private static let patience: UInt64 = 10_000_000_000

  static func register(_ registrar: inout TestRegistrar) {
    registrar.test("drivers.traps-are-contained", on: two) { () throws(TestFailure) in try contain(.trap) }
    registrar.test("drivers.wild-pointers-are-contained", on: two) { () throws(TestFailure) in
      try contain(.wildPointer)
    }
    registrar.test("drivers.stack-overflows-are-contained", on: two) { () throws(TestFailure) in
      try contain(.recursion)
    }
    registrar.test("drivers.hangs-are-contained", on: two) { () throws(TestFailure) in try contain(.hang) }
    registrar.test("drivers.leaks-are-collected", on: two) { () throws(TestFailure) in try contain(.leak) }
    registrar.test("drivers.corrupt-queues-are-contained", on: CorruptionTest.machine, CorruptionTest.run)
    registrar.test("drivers.requests-survive-their-driver", on: two, repeatRequests)
    registrar.test("drivers.one-that-never-works-is-given-up", on: two, giveUp)
  }

  /// Starts the tree once, and adds a device with a driver for it.
  private static func addDevice(_ name: StaticString) throws(TestFailure) -> DeviceNode {
    do throws(Errno) {
      if DeviceTree.findType(.platform, ("fake" as Message).bytes) == nil {
        try DeviceTree.start(DeviceObserver(), hangLimitNanoseconds: hangLimit)
        try DeviceTree.register(FakeType())
      }
      let device = DeviceNode("\(name.description)", .platform, .platform("fake"))
      try DeviceTree.add(device)
      return device
    } catch {
      throw TestFailure(reason: "the device cannot be added: error \(error.rawValue)")
    }
  }

  private static func ask(_ device: DeviceNode, _ number: Int) throws(TestFailure) {
    let request = Doubling(number)
    do throws(Errno) {
      try device.submit(request)
      let answer = try request.wait(until: Clock.nanoseconds &+ patience)
      guard answer == 2 * number else { throw .EIO }
    } catch {
      throw TestFailure(reason: "a request of a driver that was replaced: error \(error.rawValue)")
    }
  }

  /// A fault a hundred times; the driver works after each, and no memory is gone.
  private static func contain(_ fault: DriverFault) throws(TestFailure) {
    let device = try addDevice("fake0")
    var before = 0
    for round in 0..<rounds {
      // What grows once has grown by then.
      if round == 10 { before = try settledFrameCount() }
      do throws(Errno) { try DeviceTree.order(.inject(fault), device) } catch {
        throw TestFailure(reason: "round \(round): error \(error.rawValue)")
      }
      try ask(device, round)
      if let failure = device.lastFailure {
        try expect(isDueTo(fault, failure), "round \(round): the driver failed otherwise: \(failure.description)")
      }
      // Nothing has failed where memory was only forgotten.
      if fault == .leak { do throws(Errno) { try DeviceTree.order(.reset, device) } catch {} }
      try ask(device, round + 1)
    }
    let restarts = device.restartCount
    // Those that were ordered are no failures.
    let expected = fault == .leak ? 0 : UInt64(rounds)
    try expect(restarts == expected, "\(restarts) of \(expected) drivers have failed and were replaced")
    let living = FakeDriver.living.load(ordering: .relaxed)
    try expect(living == 1, "\(living) drivers are there")
    try expect(device.state == .running, "the device is \(device.state.name.description)")
    let after = try settledFrameCount()
    // What merely looks like a reference may keep the heaps of the last few drivers for a while.
    try expect(before - after <= 32, "\(before - after) frames are gone")
    DeviceTree.remove(device, isGone: false)
    let type: DriverType? = device.driver
    try expect(type == nil, "a device that was removed still has a driver")
  }

  /// Whether that is how `fault` ends a driver: a hang would be the end of anything.
  private static func isDueTo(_ fault: DriverFault, _ failure: DriverFailure) -> Bool {
    switch fault {
    case .trap: failure == .exception(6)
    case .wildPointer: failure == .exception(14)
    // In the driver's own code there is no stack left for a page fault either.
    case .recursion: failure == .exception(8) || failure == .exception(14)
    case .hang: failure == .hang
    case .leak: false
    case .corruption, .removal, .strayAccess, .storm: true
    }
  }

  /// Free frames, once what ended drivers have left is given back.
  private static func settledFrameCount() throws(TestFailure) -> Int {
    for _ in 0..<40 {
      if Containment.collect() == 0 { break }
      do throws(Errno) { try Scheduler.sleep(nanoseconds: 5_000_000) } catch {}
    }
    return FrameAllocator.statistics.freeCount
  }

  private static func repeatRequests() throws(TestFailure) {
    let device = try addDevice("fake1")
    let last = outcome(of: Poison(failures: 2), device)
    try expect(last == .success(3), "a request was not done by the third driver")
    let deadly = outcome(of: Poison(failures: 100), device)
    try expect(deadly == .failure(.EIO), "a request that every driver dies of does not fail")
    try ask(device, 21)
    DeviceTree.remove(device, isGone: false)
  }

  private static func outcome(of request: DriverRequest, _ device: DeviceNode) -> DriverRequest.Outcome {
    do throws(Errno) {
      try device.submit(request)
      return .success(try request.wait(until: Clock.nanoseconds &+ patience))
    } catch {
      return .failure(error)
    }
  }

  private static func giveUp() throws(TestFailure) {
    FakeDriver.isBroken.store(true, ordering: .relaxed)
    defer { FakeDriver.isBroken.store(false, ordering: .relaxed) }
    let device = try addDevice("fake2")
    try expect(DeviceTree.settle(device, timeoutNanoseconds: patience), "it is tried for ever")
    try expect(device.state == .failed, "it is \(device.state.name.description)")
    try expect(outcome(of: Doubling(1), device) == .failure(.EIO), "a device that was given up takes requests")
    DeviceTree.remove(device, isGone: false)
  }
}

/// Doubles a number.
private final class Doubling: DriverRequest {
  let number: Int

  init(_ number: Int) {
    self.number = number
    super.init(isRepeatable: true)
  }
}

/// Ends the first drivers that serve it.
private final class Poison: DriverRequest {
  private let failures: Int
  private var attempts = 0

  init(failures: Int) {
    self.failures = failures
    super.init(isRepeatable: true)
  }

  func serve() {
    attempts += 1
    if attempts <= failures { FaultProvocation.readNearNull() }
    complete(.success(attempts))
  }
}

private final class FakeDriver: Driver {
  static let isBroken = Atomic<Bool>(false)
  static let living = Atomic<Int>(0)
  /// What a driver has on its heap.
  private var notes = GrowableArray<Int>()

  override init() {
    super.init()
    Self.living.add(1, ordering: .relaxed)
  }

  deinit { Self.living.subtract(1, ordering: .relaxed) }

  override func start(_ context: DriverContext) throws(Errno) {
    if Self.isBroken.load(ordering: .relaxed) { throw .EIO }
    for number in 0..<100 { try notes.append(number) }
  }

  override func serve(_ request: DriverRequest, _ context: DriverContext) throws(Errno) {
    switch request {
    case let doubling as Doubling: doubling.complete(.success(doubling.number * 2))
    case let poison as Poison: poison.serve()
    default: request.complete(.failure(.EINVAL))
    }
  }
}

private final class FakeType: DriverType {
  init() { super.init("fake", .platform) }

  override func matches(_ device: DeviceNode) -> Bool { true }
  override func makeDriver(for device: DeviceNode) throws(Errno) -> Driver { FakeDriver() }
}

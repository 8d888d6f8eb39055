import DriverKit
import Foundations
import Machine
import Synchronization
import Time

/// All devices suspended, resumed and shut down, with drivers that refuse and hang.
enum DevicePowerTests {
  private static let two = TestMachine(memory: "256M", processorCount: 2)
  /// Calls that never return cost the time until that is noticed.
  private static let hangLimit: UInt64 = 20_000_000
  private static let patience: UInt64 = 10_000_000_000

  static func register(_ registrar: inout TestRegistrar) {
    // One test, as the machine's devices do nothing any more after it.
    registrar.test("device-power.whole-way", on: two, run)
  }

  private static func run() throws(TestFailure) {
    let parent = try start()
    let child = try add("child", below: parent)
    try expectStates(parent, child, .running)
    try rest(parent, child)
    try refuse(parent, child)
    try hang(parent, child)
    try shutDown(parent, child)
  }

  private static func start() throws(TestFailure) -> DeviceNode {
    do throws(Errno) {
      try DeviceTree.start(DeviceObserver(), hangLimitNanoseconds: hangLimit)
      try DeviceTree.register(RestingType())
    } catch {
      throw TestFailure(reason: "no tree: error \(error.rawValue)")
    }
    return try add("parent", below: nil)
  }

  private static func add(_ name: StaticString, below parent: DeviceNode?) throws(TestFailure) -> DeviceNode {
    let device = DeviceNode("\(name.description)", .acpi, .platform(name), below: parent)
    do throws(Errno) { try DeviceTree.add(device) } catch {
      throw TestFailure(reason: "the device cannot be added: error \(error.rawValue)")
    }
    _ = DeviceTree.settle(device, timeoutNanoseconds: patience)
    return device
  }

  private static func expectStates(
    _ parent: DeviceNode, _ child: DeviceNode, _ state: DeviceNode.State
  ) throws(TestFailure) {
    _ = DeviceTree.settle(parent, timeoutNanoseconds: patience)
    _ = DeviceTree.settle(child, timeoutNanoseconds: patience)
    try expect(parent.state == state, "the parent is \(parent.state.name.description)")
    try expect(child.state == state, "the child is \(child.state.name.description)")
  }

  private static func error(of body: () throws(Errno) -> Void) -> Errno? {
    do throws(Errno) {
      try body()
      return nil
    } catch {
      return error
    }
  }

  /// Both rest and go on; what is asked meanwhile is done afterwards.
  private static func rest(_ parent: DeviceNode, _ child: DeviceNode) throws(TestFailure) {
    for _ in 0..<20 {
      RestingDriver.notes.store(0, ordering: .relaxed)
      let refusal = error { () throws(Errno) in try DeviceTree.suspendAll() }
      try expect(refusal == nil, "a device refuses")
      try expectStates(parent, child, .suspended)
      let request = Asking()
      let isTaken = error { () throws(Errno) in try child.submit(request) } == nil
      try expect(isTaken && request.outcome == nil, "a device that rests answers")
      DeviceTree.resumeAll()
      try expectStates(parent, child, .running)
      let answer = error { () throws(Errno) in _ = try request.wait(until: Clock.nanoseconds &+ patience) }
      try expect(answer == nil, "what was asked of a device that rested is lost")
      let notes = RestingDriver.notes.load(ordering: .relaxed)
      try expect(notes == 0x2134, "the order was \(hex: UInt64(notes))")
    }
  }

  /// The parent refuses: the child, which rests already, goes on.
  private static func refuse(_ parent: DeviceNode, _ child: DeviceNode) throws(TestFailure) {
    RestingDriver.refuses.store(true, ordering: .relaxed)
    defer { RestingDriver.refuses.store(false, ordering: .relaxed) }
    RestingDriver.notes.store(0, ordering: .relaxed)
    let refusal = error { () throws(Errno) in try DeviceTree.suspendAll() }
    try expect(refusal == .EBUSY, "a refusal comes to error \(UInt64(refusal?.rawValue ?? 0))")
    try expectStates(parent, child, .running)
    let notes = RestingDriver.notes.load(ordering: .relaxed)
    try expect(notes == 0x24, "the order was \(hex: UInt64(notes))")
  }

  /// The parent's driver hangs, and is replaced.
  private static func hang(_ parent: DeviceNode, _ child: DeviceNode) throws(TestFailure) {
    let before = parent.restartCount
    RestingDriver.hangs.store(true, ordering: .relaxed)
    defer { RestingDriver.hangs.store(false, ordering: .relaxed) }
    let refusal = error { () throws(Errno) in try DeviceTree.suspendAll() }
    try expect(refusal == .EIO, "a driver that hangs comes to error \(UInt64(refusal?.rawValue ?? 0))")
    try expectStates(parent, child, .running)
    try expect(parent.restartCount == before + 1, "a driver that hung was not replaced")
  }

  /// The end does not wait for a driver that hangs.
  private static func shutDown(_ parent: DeviceNode, _ child: DeviceNode) throws(TestFailure) {
    RestingDriver.hangs.store(true, ordering: .relaxed)
    RestingDriver.notes.store(0, ordering: .relaxed)
    let begin = Clock.nanoseconds
    DeviceTree.shutDownAll()
    let took = Clock.nanoseconds &- begin
    try expect(took < 8_000_000_000, "the end took \(took) ns")
    let notes = RestingDriver.notes.load(ordering: .relaxed)
    try expect(notes == 0x5, "the child was not shut down first")
    try expectStates(parent, child, .suspended)
  }
}

private final class Asking: DriverRequest {
  init() { super.init(isRepeatable: true) }
}

/// Notes what it is told, a digit each: a child 2 to rest, 4 to go on, 5 for its end; a parent 1 and 3.
private final class RestingDriver: Driver {
  static let notes = Atomic<UInt32>(0)
  static let refuses = Atomic<Bool>(false)
  static let hangs = Atomic<Bool>(false)
  private let isChild: Bool

  init(isChild: Bool) {
    self.isChild = isChild
    super.init()
  }

  private static func note(_ digit: UInt32) {
    notes.store(notes.load(ordering: .relaxed) << 4 | digit, ordering: .relaxed)
  }

  private func misbehave() throws(Errno) {
    guard !isChild else { return }
    while Self.hangs.load(ordering: .relaxed) { Machine.pause() }
    if Self.refuses.load(ordering: .relaxed) { throw .EBUSY }
  }

  override func serve(_ request: DriverRequest, _ context: DriverContext) throws(Errno) {
    request.complete(.success(0))
  }

  override func suspend(_ context: DriverContext) throws(Errno) {
    try misbehave()
    Self.note(isChild ? 2 : 1)
  }

  override func resume(_ context: DriverContext) throws(Errno) { Self.note(isChild ? 4 : 3) }

  override func shutDown(_ context: DriverContext) {
    try? misbehave()
    Self.note(isChild ? 5 : 6)
  }
}

private final class RestingType: DriverType {
  init() { super.init("resting", .acpi) }

  override func matches(_ device: DeviceNode) -> Bool { true }
  override func makeDriver(for device: DeviceNode) throws(Errno) -> Driver {
    RestingDriver(isChild: device.parent != nil)
  }
}

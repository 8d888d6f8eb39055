import Foundations
import LinuxABI
import Synchronization

@testable import Processes

/// A process that notes what it is told.
final class TestProcess: ProcessNode {
  static func make(_ tree: ProcessTree, exitSignal: Signal? = .SIGCHLD, objects: ObjectCount? = nil) throws
    -> TestProcess
  {
    let identifier = try tree.makeIdentifier()
    let process = TestProcess(identifier, exitSignal: exitSignal)
    process.objects = objects
    objects?.add(1)
    return process
  }

  var policy = ChildPolicy(forgets: false, isTold: true)
  var ownUsage = ResourceUsage()
  var ignoresStops = false
  var objects: ObjectCount?
  private(set) var told: [(Signal, ChildReport)] = []
  private(set) var received: [Signal] = []
  private(set) var parentEnds = 0

  deinit { objects?.add(-1) }

  override var childPolicy: ChildPolicy { policy }
  override var ignoresChildStops: Bool { ignoresStops }
  override var usage: ResourceUsage { ownUsage }
  override var realUser: UInt32 { 1_000 }
  override func childChanged(_ signal: Signal, _ report: ChildReport) { told.append((signal, report)) }
  override func receive(_ signal: Signal) { received.append(signal) }
  override func parentEnded() { parentEnds += 1 }

  var number: Int32 { identifier.number }
}

/// How many objects there are.
final class ObjectCount: Sendable {
  private let count = Atomic<Int>(0)
  var value: Int { count.load(ordering: .relaxed) }
  func add(_ change: Int) { count.wrappingAdd(change, ordering: .relaxed) }
}

/// A tree with its first process.
struct Family {
  let tree: ProcessTree
  let first: TestProcess
  let objects = ObjectCount()

  init(limit: Int32 = 32_768) throws {
    tree = ProcessTree(limit: limit)
    first = try TestProcess.make(tree)
    tree.addFirst(first)
  }

  func fork(_ parent: ProcessNode, exitSignal: Signal? = .SIGCHLD, sharesParent: Bool = false) throws -> TestProcess {
    let child = try TestProcess.make(tree, exitSignal: exitSignal, objects: objects)
    do throws(Errno) {
      try tree.add(child, to: parent, sharesParent: sharesParent)
    } catch {
      tree.release(child.identifier)
      throw error
    }
    // The number is the process's own now; the task that would use it is not simulated.
    tree.release(child.identifier)
    return child
  }

  func wait(_ parent: ProcessNode, _ children: WaitRequest.Children = .any, _ flags: WaitFlags = [.WEXITED]) throws
    -> ChildReport?
  {
    try tree.takeReport(for: parent, WaitRequest(children, flags))
  }
}

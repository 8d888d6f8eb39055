import Foundations
import Interrupts
import Machine
import PCI

/// What a driver has of the kernel, on record so that all of it comes back whatever becomes of the driver.
///
/// Only the device's thread uses it.
final class DriverResources {
  private final class Source {
    let source: InterruptSource
    init(_ source: consuming InterruptSource) { self.source = source }
  }

  private final class Connection {
    let connection: InterruptConnection
    init(_ connection: consuming InterruptConnection) { self.connection = connection }
  }

  private var sources = GrowableArray<Source>()
  private var connections = GrowableArray<Connection>()
  private var publications = GrowableArray<Publication>()
  /// Those of a driver that has failed, which its successor may go on with.
  private var inherited = GrowableArray<Publication>()
  private var buffers = GrowableArray<DeviceMemory>()
  private var ports = GrowableArray<PortClaim>()

  // MARK: Taking

  func add(_ source: consuming InterruptSource) throws(Errno) {
    // Room first: what is appended must not get lost.
    try sources.reserveCapacity(sources.count + 1)
    try sources.append(Source(source))
  }

  func add(_ connection: consuming InterruptConnection) throws(Errno) {
    try connections.reserveCapacity(connections.count + 1)
    try connections.append(Connection(connection))
  }

  /// What the lines of the device have interrupted for was served.
  func finishLines() {
    for index in 0..<connections.count { connections[index].connection.finish() }
  }

  func add(_ memory: DeviceMemory) throws(Errno) { try buffers.append(memory) }

  func add(_ claim: PortClaim) throws(Errno) {
    // A driver may have given some back itself.
    var index = ports.count
    while index > 0 {
      index -= 1
      if !ports[index].isHeld { _ = ports.remove(at: index) }
    }
    try ports.append(claim)
  }

  /// Notes `publication`, or what goes on in its place.
  func add(_ publication: Publication) throws(Errno) -> Publication {
    // Room first: what is inherited must not get lost.
    try publications.reserveCapacity(publications.count + 1)
    for index in 0..<inherited.count where inherited[index].continues(as: publication) {
      let kept = inherited.remove(at: index)
      try publications.append(kept)
      return kept
    }
    try publications.append(publication)
    return publication
  }

  // MARK: Giving back

  /// Ends interrupts: afterwards no handler runs.
  func releaseInterrupts() {
    while sources.popLast() != nil {}
    while connections.popLast() != nil {}
  }

  /// Gives memory back that the device could reach, which it must not any more.
  func releaseMemory() {
    while let memory = buffers.popLast() { memory.release() }
  }

  /// Gives ports back that a driver has lost with its stack. Those that it has dropped are nobody's or another's by now, and stay that.
  func releasePorts() {
    while let claim = ports.popLast() { claim.release() }
  }

  /// Keeps what was published, for the next driver to go on with; what does not outlive the driver is withdrawn.
  func keepPublications() {
    let end = inherited.count
    while let publication = publications.popLast() {
      guard publication.outlivesDriver else {
        publication.withdraw()
        continue
      }
      // Without memory to note it it goes.
      do throws(Errno) { try inherited.insert(publication, at: end) } catch { publication.withdraw() }
    }
  }

  /// Withdraws what a former driver published and this one does not.
  func withdrawInherited() {
    while let publication = inherited.popLast() { publication.withdraw() }
  }

  /// Withdraws everything, the last first.
  func withdrawPublications() {
    while let publication = publications.popLast() { publication.withdraw() }
    withdrawInherited()
  }
}

/// Memory that a device reaches by itself, which can be taken back although somebody still refers to it.
///
/// A subclass holds the memory, and answers accesses after `release` as it answers those out of bounds.
open class DeviceMemory {
  /// Creates memory of no size.
  public init() {}

  /// Gives the memory back.
  ///
  /// - Context: the device cannot reach it any more; nobody is inside one of its accesses.
  open func release() {}
}

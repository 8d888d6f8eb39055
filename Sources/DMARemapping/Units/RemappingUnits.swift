public import Foundations
import Logging
import Machine
import PCI
import Waiting

/// All IOMMUs of the machine, and the functions that have domains.
///
/// Lock order: the sleeping lock of attaching, a domain's table, a unit's own; the spin lock around the members is a leaf, under which
/// nobody is called.
public final class RemappingUnits {
  /// How many faults of one unit may interrupt in a second; then it is listened to only by `poll`.
  public static let faultLimit = 2_000

  private struct Member {
    var source: PCIAddress
    var device: RemappedDevice
  }

  private struct Watched {
    var unit: RemappingUnit
    /// Passes its faults on; made once, as interrupts allocate nothing.
    var distribution: RemappingFaultSink
    var limit = RateLimit()
    /// For devices without a driver: firmware may have left one running for good.
    var strayLimit = RateLimit(burst: 3, intervalNanoseconds: 60_000_000_000)
    /// For what the unit itself has lost. On its own, as the others' counts of what was suppressed are told with faults.
    var lossLimit = RateLimit()
    /// When the second began whose faults are counted.
    var start: UInt64 = 0
    var faults = 0
    var isSilenced = false
    var isLossReported = false
  }

  private struct State: ~Copyable {
    var units = GrowableArray<Watched>()
    /// One entry for each source identifier of each device.
    var members = GrowableArray<Member>()
  }

  private let state = SpinLock(State())
  private let attaching = SleepLock()
  private let report: RemappingReport

  /// Creates an empty list, which reports to `report`.
  public init(_ report: RemappingReport) { self.report = report }

  // MARK: Units

  /// Adds a unit.
  ///
  /// - Throws: `ENOMEM`.
  public func add(_ unit: RemappingUnit) throws(Errno) {
    let watched = Watched(unit: unit, distribution: FaultDistribution(self, unit))
    try state.withLock { state throws(Errno) in try state.units.append(watched) }
  }

  /// Turns on all units, and forgets those that do not go on: their devices reach everything, as without.
  ///
  /// - Returns: how many are on.
  /// - Context: once, a thread without locks, after memory that firmware wants reached was reserved.
  public func enable() -> Int {
    var index = 0
    while let unit = unit(at: index) {
      do throws(Errno) {
        try unit.enable()
        index += 1
      } catch {
        report.problem("it cannot be turned on; its devices reach all of memory", at: unit.name)
        state.withLock { state in
          _ = state.units.remove(at: index)
          Self.removeMembers(of: unit, &state.members)
        }
      }
    }
    return index
  }

  private static func removeMembers(of unit: RemappingUnit, _ members: inout GrowableArray<Member>) {
    var index = 0
    while index < members.count {
      if members[index].device.domain.unit === unit { _ = members.remove(at: index) } else { index += 1 }
    }
  }

  /// How many units there are.
  public var count: Int { state.withLock { $0.units.count } }

  /// Unit number `index`; nil from `count` on.
  public func unit(at index: Int) -> RemappingUnit? {
    state.withLock { index >= 0 && index < $0.units.count ? $0.units[index].unit : nil }
  }

  /// The unit that serves the function at the end of `path`; nil when none does.
  public func unit(for path: DMAPath) -> RemappingUnit? {
    var best: RemappingUnit?
    var coverage = RemappingUnit.Coverage.none
    var index = 0
    while let unit = unit(at: index) {
      let found = unit.coverage(of: path)
      if found > coverage { (best, coverage) = (unit, found) }
      index += 1
    }
    return best
  }

  // MARK: Devices

  /// Gives the function at the end of `path` a domain; `listener` is told of what it is refused.
  ///
  /// - Returns: nil when no unit serves it: it reaches everything.
  /// - Throws: `EBUSY` when it has names of devices in different domains, `ENOSPC`, `ENOMEM`, `EIO`; it reaches no more than before.
  /// - Context: a thread without locks, not in contained work.
  public func attach(_ path: DMAPath, listener: RemappingFaultSink?) throws(Errno) -> RemappedDevice? {
    guard let unit = unit(for: path) else { return nil }
    return try attaching.withLock { () throws(Errno) in
      let device = RemappedDevice(path.function, try domain(for: path, unit), listener)
      do throws(Errno) {
        for index in 0..<path.sourceCount {
          try add(path.source(index), device)
          try add(unit.alias(of: path.source(index)), device)
        }
      } catch {
        _ = remove(device)
        throw error
      }
      return device
    }
  }

  /// The domain that some of the path's names have, or a new one.
  private func domain(for path: DMAPath, _ unit: RemappingUnit) throws(Errno) -> RemappingDomain {
    var found: RemappingDomain?
    for index in 0..<path.sourceCount {
      try Self.join(&found, domain(of: path.source(index)))
      try Self.join(&found, domain(of: unit.alias(of: path.source(index))))
    }
    if let found { return found }
    return try unit.makeDomain()
  }

  private static func join(_ found: inout RemappingDomain?, _ other: RemappingDomain?) throws(Errno) {
    guard let other else { return }
    if let found, found !== other { throw .EBUSY }
    found = other
  }

  private func domain(of source: PCIAddress) -> RemappingDomain? {
    state.withLock { state in
      for index in 0..<state.members.count where state.members[index].source == source {
        return state.members[index].device.domain
      }
      return nil
    }
  }

  private func add(_ source: PCIAddress, _ device: RemappedDevice) throws(Errno) {
    let isKnown = member(at: 0, source: source, only: device) != nil
    if isKnown { return }
    let isAttached = domain(of: source) != nil
    try state.withLock { state throws(Errno) in try state.members.append(Member(source: source, device: device)) }
    if isAttached { return }
    do throws(Errno) { try device.domain.unit.attach(source, to: device.domain) } catch {
      state.withLock { state in Self.removeMember(source, device, &state.members) }
      throw error
    }
  }

  private static func removeMember(
    _ source: PCIAddress, _ device: RemappedDevice, _ members: inout GrowableArray<Member>
  ) {
    for index in 0..<members.count where members[index].device === device && members[index].source == source {
      _ = members.remove(at: index)
      return
    }
  }

  /// Takes everything from a function, unless another that the unit cannot tell from it still has the domain.
  ///
  /// - Returns: false when the unit does not confirm that.
  /// - Context: as `attach`.
  public func detach(_ device: RemappedDevice) -> Bool { attaching.withLock { remove(device) } }

  private func remove(_ device: RemappedDevice) -> Bool {
    var isDetached = true
    while let source = state.withLock({ state in Self.takeSource(of: device, &state.members) }) {
      guard domain(of: source) == nil else { continue }
      if !device.domain.unit.detach(source, from: device.domain) { isDetached = false }
    }
    return isDetached
  }

  private static func takeSource(of device: RemappedDevice, _ members: inout GrowableArray<Member>) -> PCIAddress? {
    for index in 0..<members.count where members[index].device === device { return members.remove(at: index).source }
    return nil
  }

  /// Lets the function at the end of `path` reach `addresses` for ever, with or without a driver: firmware or the device needs that.
  ///
  /// - Throws: as `attach` and `RemappingDomain.map(reserved:)`. That no unit serves it is no error.
  /// - Context: as `attach`, before `enable`.
  public func reserve(_ addresses: Range<UInt64>, for path: DMAPath) throws(Errno) {
    guard let device = try attach(path, listener: nil) else { return }
    do throws(Errno) { try device.domain.map(reserved: addresses) } catch {
      _ = detach(device)
      throw error
    }
  }

  // MARK: Faults

  /// Takes the faults of the unit whose interrupt came.
  ///
  /// - Context: the interrupt; its time is bounded by what a unit can keep, and a unit that has too many is silenced until `poll`.
  public func handleInterrupt(of unit: RemappingUnit) { _ = takeFaults(unit) }

  /// Takes all faults, and listens again to units that were silenced.
  ///
  /// - Context: a thread, about once in a second.
  public func poll() {
    var index = 0
    while let unit = unit(at: index) {
      _ = takeFaults(unit)
      let wasSilenced = state.withLock { state in
        guard index < state.units.count, state.units[index].unit === unit else { return false }
        defer { state.units[index].isSilenced = false }
        return state.units[index].isSilenced
      }
      if wasSilenced, !unit.isLost { unit.setFaultInterrupts(.on) }
      if unit.isLost { reportLoss(of: unit, at: index) }
      index += 1
    }
  }

  private func reportLoss(of unit: RemappingUnit, at index: Int) {
    let isNew = state.withLock { state in
      guard index < state.units.count, !state.units[index].isLossReported else { return false }
      state.units[index].isLossReported = true
      return true
    }
    if isNew { report.problem("it does not answer; memory that its devices had is lost", at: unit.name) }
  }

  private func takeFaults(_ unit: RemappingUnit) -> Int {
    let sink = state.withLock { state in
      Self.index(of: unit, state.units).map { state.units[$0].distribution }
    }
    guard let sink else { return 0 }
    let count = unit.takeFaults(into: sink)
    let now = report.nanoseconds
    let isTooMuch = state.withLock { state in
      guard let index = Self.index(of: unit, state.units) else { return false }
      if now &- state.units[index].start >= 1_000_000_000 {
        (state.units[index].start, state.units[index].faults) = (now, 0)
      }
      state.units[index].faults += count
      guard state.units[index].faults > Self.faultLimit, !state.units[index].isSilenced else { return false }
      state.units[index].isSilenced = true
      return true
    }
    if isTooMuch { unit.setFaultInterrupts(.off) }
    return count
  }

  private static func index(of unit: RemappingUnit, _ units: borrowing GrowableArray<Watched>) -> Int? {
    for index in 0..<units.count where units[index].unit === unit { return index }
    return nil
  }

  /// Member number `skipped` of those that send `source`; with `only`, of those that are it.
  private func member(at skipped: Int, source: PCIAddress, only: RemappedDevice? = nil) -> RemappedDevice? {
    state.withLock { state in
      var rest = skipped
      for index in 0..<state.members.count where state.members[index].source == source {
        let device = state.members[index].device
        if let only, only !== device { continue }
        if rest == 0 { return device }
        rest -= 1
      }
      return nil
    }
  }

  fileprivate func distribute(_ fault: RemappingFault, _ unit: RemappingUnit) {
    var count = 0
    while let device = member(at: count, source: fault.source) {
      device.note(fault)
      count += 1
    }
    let now = report.nanoseconds
    let verdict = state.withLock { state in
      guard let index = Self.index(of: unit, state.units) else { return RateLimit.Verdict.suppressed }
      if count == 0 { return state.units[index].strayLimit.check(at: now) }
      return state.units[index].limit.check(at: now)
    }
    guard case .allowed(let suppressed) = verdict else { return }
    report.fault(fault, at: unit.name, isAttached: count > 0, suppressed: suppressed)
  }

  fileprivate func noteLost(_ unit: RemappingUnit) {
    let now = report.nanoseconds
    let verdict = state.withLock { state in
      guard let index = Self.index(of: unit, state.units) else { return RateLimit.Verdict.suppressed }
      return state.units[index].lossLimit.check(at: now)
    }
    if case .allowed = verdict { report.problem("there were more faults than it could keep", at: unit.name) }
  }
}

/// Passes the faults of one unit on.
private final class FaultDistribution: RemappingFaultSink {
  private let units: RemappingUnits
  private let unit: RemappingUnit

  init(_ units: RemappingUnits, _ unit: RemappingUnit) {
    (self.units, self.unit) = (units, unit)
    super.init()
  }

  override func note(_ fault: RemappingFault) { units.distribute(fault, unit) }
  override func noteLost() { units.noteLost(unit) }
}

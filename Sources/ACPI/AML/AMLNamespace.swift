import Foundations
import Machine

/// What a name stands for.
enum AMLContent: Equatable, Sendable {
  /// A place for a later name.
  case free
  /// A place for names and nothing else, such as `\_GPE`.
  case scope
  case value(AMLValue)
  case device
  case thermalZone
  case processor(id: UInt8, block: UInt32, blockLength: UInt8)
  case powerResource(level: UInt8, order: UInt16)
  /// With the number of the method, mutex and so on in the interpreter's lists.
  case method(UInt32)
  case mutex(UInt32)
  case event(UInt32)
  case region(UInt32)
  case field(UInt32)
  case alias(AMLNode)
}

/// The tree of names. Nodes are numbers, so a hostile table can make neither cycles of references nor deep recursion.
struct AMLNamespace: ~Copyable {
  /// Instead of a node's number: there is none.
  static let none = UInt32.max
  /// Of a name that is not a table's.
  static let noTable = UInt32.max

  struct Node {
    var name: AMLNameSegment
    var parent: UInt32
    var firstChild = AMLNamespace.none
    var lastChild = AMLNamespace.none
    var next = AMLNamespace.none
    var previous = AMLNamespace.none
    /// The name that the same method call created before this one.
    var previousOfCall: AMLNode?
    var generation: UInt32 = 0
    /// The table that created the name.
    var table: UInt32
    var content: AMLContent
  }

  private var nodes = GrowableArray<Node>()
  private var firstFree = AMLNamespace.none
  /// How many names there are, the root among them.
  private(set) var count = 0
  private let limit: Int

  init(_ limits: AMLLimits) { limit = limits.nodeCount }

  /// Creates the root, as the first name.
  mutating func addRoot() throws(AMLError) {
    guard nodes.isEmpty else { return }
    let root = AMLNameSegment(rawValue: 0x5f5f_5f5c)
    do { try nodes.append(Node(name: root, parent: Self.none, table: Self.noTable, content: .device)) } catch {
      throw .outOfMemory
    }
    count = 1
  }

  /// Room for all nodes, used or not: a bound for walks.
  var placeCount: Int { nodes.count }

  /// Whether `node` still is what it was when it was looked up.
  func isValid(_ node: AMLNode) -> Bool {
    guard Int(node.index) < nodes.count else { return false }
    return nodes[Int(node.index)].generation == node.generation && nodes[Int(node.index)].content != .free
  }

  /// The node at a place, or nil for `none`.
  func node(at index: UInt32) -> AMLNode? {
    guard Int(index) < nodes.count, nodes[Int(index)].content != .free else { return nil }
    return AMLNode(index: index, generation: nodes[Int(index)].generation)
  }

  /// All that is known of `node`.
  ///
  /// - Throws: `.staleReference` when it was removed.
  func record(_ node: AMLNode) throws(AMLError) -> Node {
    guard isValid(node) else { throw .staleReference }
    return nodes[Int(node.index)]
  }

  /// What the place holds; free for a place that is none.
  func content(at place: Int) -> AMLContent { place < nodes.count ? nodes[place].content : .free }

  mutating func setContent(_ content: AMLContent, of node: AMLNode) throws(AMLError) {
    guard isValid(node) else { throw .staleReference }
    nodes[Int(node.index)].content = content
  }

  mutating func setPreviousOfCall(_ previous: AMLNode?, of node: AMLNode) {
    if isValid(node) { nodes[Int(node.index)].previousOfCall = previous }
  }

  /// The child of `parent` with this name.
  func child(of parent: AMLNode, named name: AMLNameSegment) -> AMLNode? {
    guard isValid(parent) else { return nil }
    var place = nodes[Int(parent.index)].firstChild
    while place != Self.none {
      if nodes[Int(place)].name == name { return node(at: place) }
      place = nodes[Int(place)].next
    }
    return nil
  }

  /// The nearest such name: below `scope`, or below one of what it is in.
  func search(from scope: AMLNode, named name: AMLNameSegment) -> AMLNode? {
    guard isValid(scope) else { return nil }
    var place = scope.index
    while let here = node(at: place) {
      if let found = child(of: here, named: name) { return found }
      place = nodes[Int(place)].parent
    }
    return nil
  }

  /// What `node` is in, or nil for the root.
  func parent(of node: AMLNode) -> AMLNode? {
    guard isValid(node) else { return nil }
    return self.node(at: nodes[Int(node.index)].parent)
  }

  /// Follows aliases to what they stand for.
  func resolvingAliases(_ node: AMLNode) throws(AMLError) -> AMLNode {
    var node = node
    for _ in 0..<16 {
      guard case .alias(let target) = try record(node).content else { return node }
      node = target
    }
    throw .depthLimit
  }

  /// Adds a name.
  ///
  /// - Throws: `.alreadyExists`, `.namespaceLimit`, `.outOfMemory`, `.staleReference`.
  mutating func add(
    _ name: AMLNameSegment, to parent: AMLNode, table: UInt32, _ content: AMLContent
  ) throws(AMLError) -> AMLNode {
    guard isValid(parent) else { throw .staleReference }
    guard child(of: parent, named: name) == nil else { throw .alreadyExists }
    guard count < limit else { throw .namespaceLimit }
    var node = Node(name: name, parent: parent.index, table: table, content: content)
    let place: UInt32
    if firstFree != Self.none {
      place = firstFree
      firstFree = nodes[Int(place)].next
      node.generation = nodes[Int(place)].generation &+ 1
      nodes[Int(place)] = node
    } else {
      place = UInt32(nodes.count)
      do { try nodes.append(node) } catch { throw .outOfMemory }
    }
    count += 1
    let last = nodes[Int(parent.index)].lastChild
    if last == Self.none { nodes[Int(parent.index)].firstChild = place } else { nodes[Int(last)].next = place }
    nodes[Int(place)].previous = last
    nodes[Int(parent.index)].lastChild = place
    return AMLNode(index: place, generation: node.generation)
  }

  /// Removes a name and all below it. `removed` sees the content of each.
  mutating func remove(_ node: AMLNode, _ removed: (AMLContent) -> Void) {
    guard isValid(node), node.index != 0 else { return }
    unlink(node.index)
    // Down to the deepest first child, which has no children, free it, and go on where it was.
    var place = node.index
    while true {
      let child = nodes[Int(place)].firstChild
      if child != Self.none {
        place = child
        continue
      }
      let (parent, next) = (nodes[Int(place)].parent, nodes[Int(place)].next)
      let isLast = place == node.index
      removed(nodes[Int(place)].content)
      free(place)
      if isLast { return }
      nodes[Int(parent)].firstChild = next
      place = parent
    }
  }

  private mutating func unlink(_ place: UInt32) {
    let parent = Int(nodes[Int(place)].parent)
    let (previous, next) = (nodes[Int(place)].previous, nodes[Int(place)].next)
    if previous == Self.none { nodes[parent].firstChild = next } else { nodes[Int(previous)].next = next }
    if next == Self.none { nodes[parent].lastChild = previous } else { nodes[Int(next)].previous = previous }
  }

  private mutating func free(_ place: UInt32) {
    nodes[Int(place)].content = .free
    nodes[Int(place)].next = firstFree
    nodes[Int(place)].firstChild = Self.none
    nodes[Int(place)].lastChild = Self.none
    firstFree = place
    count -= 1
  }

  /// The node that follows `node` in a walk over all below `top`, parents before children; nil after the last.
  ///
  /// - Parameter isDescending: Whether what is below `node` belongs to the walk.
  func next(after node: AMLNode, below top: AMLNode, isDescending: Bool = true) -> AMLNode? {
    guard isValid(node) else { return nil }
    var place = node.index
    if isDescending && nodes[Int(place)].firstChild != Self.none { return self.node(at: nodes[Int(place)].firstChild) }
    while place != top.index && place != Self.none {
      if nodes[Int(place)].next != Self.none { return self.node(at: nodes[Int(place)].next) }
      place = nodes[Int(place)].parent
    }
    return nil
  }

  /// The name's first child.
  func firstChild(of node: AMLNode) -> AMLNode? {
    isValid(node) ? self.node(at: nodes[Int(node.index)].firstChild) : nil
  }

  /// The name after `node` in the same scope.
  func sibling(after node: AMLNode) -> AMLNode? { isValid(node) ? self.node(at: nodes[Int(node.index)].next) : nil }
}

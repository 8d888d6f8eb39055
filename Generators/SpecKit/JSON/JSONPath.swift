/// The way from the root of a JSON document to one of its values; prints like `vectors[14].ist`.
///
/// Paths share their beginnings, so that every node of a large document can carry one.
public struct JSONPath: Hashable, Sendable, CustomStringConvertible {
  /// One step of a path.
  public enum Component: Hashable, Sendable {
    /// Into an object.
    case key(String)
    /// Into an array.
    case index(Int)
  }

  private final class Link: Sendable {
    let parent: Link?
    let component: Component
    init(parent: Link?, component: Component) {
      self.parent = parent
      self.component = component
    }
  }

  private let last: Link?

  /// The whole document; prints `$`.
  public static let root = JSONPath(last: nil)

  private init(last: Link?) { self.last = last }

  /// The path of an object's member.
  public func appending(key: String) -> JSONPath { JSONPath(last: Link(parent: last, component: .key(key))) }

  /// The path of an array's element.
  public func appending(index: Int) -> JSONPath { JSONPath(last: Link(parent: last, component: .index(index))) }

  /// The steps from the root.
  public var components: [Component] {
    var result: [Component] = []
    var link = last
    while let step = link {
      result.append(step.component)
      link = step.parent
    }
    return result.reversed()
  }

  /// True when both lead to the same place.
  public static func == (left: JSONPath, right: JSONPath) -> Bool { left.components == right.components }

  /// Hashes the steps.
  public func hash(into hasher: inout Hasher) { hasher.combine(components) }

  /// `vectors[14].ist`, `["odd key"].x`, or `$` for the root.
  public var description: String {
    var text = ""
    for component in components {
      switch component {
      case .index(let index): text += "[\(index)]"
      case .key(let key) where Self.isPlain(key): text += text.isEmpty ? key : ".\(key)"
      case .key(let key): text += "[\(key.debugDescription)]"
      }
    }
    return text.isEmpty ? "$" : text
  }

  private static func isPlain(_ key: String) -> Bool {
    !key.isEmpty
      && key.unicodeScalars.allSatisfy {
        $0.properties.isAlphabetic || $0.properties.numericType != nil || $0 == "_" || $0 == "$" || $0 == "-"
      }
  }
}
